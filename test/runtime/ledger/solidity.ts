import { createRequire } from 'node:module';
import type { Abi } from 'viem';
import type { Hex } from '../../../runtime/ports/index.ts';

const solc = createRequire(import.meta.url)('solc') as { compile(input: string): string };

/** Compiles one source that holds one contract of that name. */
export function compile<const A extends Abi>(name: string, source: string, abi: A): { readonly abi: A; readonly bytecode: Hex } {
  const input = {
    language: 'Solidity',
    sources: { 'a.sol': { content: `// SPDX-License-Identifier: Apache-2.0\npragma solidity ^0.8.30;\n${source}` } },
    settings: { evmVersion: 'osaka', optimizer: { enabled: true }, outputSelection: { '*': { '*': ['evm.bytecode.object'] } } },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  const failure = (output.errors ?? []).find((error: { severity: string }) => error.severity === 'error');
  if (failure) throw new Error(failure.formattedMessage);
  return { abi, bytecode: `0x${output.contracts['a.sol'][name].evm.bytecode.object}` };
}
