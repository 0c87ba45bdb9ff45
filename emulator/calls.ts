import { type Abi, type AbiFunction, decodeFunctionData, type Hex } from 'viem';
import { appName } from './fleet.ts';

/** A call of the Fleet contract in words, and the manifest that it carries, if any. */
export interface DecodedCall {
  readonly name: string;
  readonly args: readonly (readonly [name: string, value: string])[];
  readonly manifest: Hex | undefined;
}

const VALUE_LIMIT = 120;

/** Decodes calldata by the contract's ABI; what it does not name stands as its selector. */
export function decodeCall(abi: Abi, input: Hex, nameOf: (address: Hex) => string): DecodedCall {
  try {
    const { functionName, args = [] } = decodeFunctionData({ abi, data: input });
    const inputs = abi.find((item): item is AbiFunction => item.type === 'function' && item.name === functionName)?.inputs ?? [];
    const named = inputs.map(({ name = '', type }, index): [string, string] => [
      name,
      valueText(type, (args as unknown[])[index], nameOf),
    ]);
    const at = inputs.findIndex(({ name }) => name === 'manifest');
    return { name: functionName, args: named, manifest: at < 0 ? undefined : ((args as unknown[])[at] as Hex) };
  } catch {
    const name = input.length > 1000 ? 'deployment' : input.length >= 10 ? input.slice(0, 10) : 'transfer';
    return { name, args: [], manifest: undefined };
  }
}

function valueText(type: string, value: unknown, nameOf: (address: Hex) => string): string {
  return cut(textOf(type, value, nameOf));
}

function textOf(type: string, value: unknown, nameOf: (address: Hex) => string): string {
  if (Array.isArray(value)) return value.map((item) => textOf(type.replace(/\[\d*\]$/, ''), item, nameOf)).join(', ');
  if (type === 'address') return nameOf(value as Hex);
  if (type === 'bytes') return `${((value as Hex).length - 2) / 2} bytes`;
  if (type === 'bytes32') return appName(value as Hex) || String(value);
  if (typeof value === 'object' && value !== null)
    return Object.entries(value)
      .map(([key, inner]) => `${key} ${String(inner)}`)
      .join(', ');
  return String(value);
}

const cut = (text: string): string => (text.length > VALUE_LIMIT ? `${text.slice(0, VALUE_LIMIT - 1)}…` : text);
