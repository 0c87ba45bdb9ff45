import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import solc from 'solc';

/** One contract as its users need it; the shape that Hardhat, viem and ethers read. */
export interface Artifact {
  readonly contractName: string;
  readonly sourceName: string;
  readonly abi: readonly unknown[];
  /** Creation code, 0x-hexadecimal; empty (`0x`) for an interface. */
  readonly bytecode: string;
  readonly deployedBytecode: string;
  readonly linkReferences: object;
  readonly deployedLinkReferences: object;
  /** Where state variables stand: what who proves a slot must know. */
  readonly storageLayout: object;
}

/** The part of solc's standard JSON output that is read here. */
interface Output {
  readonly errors?: readonly Message[];
  readonly contracts?: Readonly<Record<string, Readonly<Record<string, Compiled>>>>;
}

interface Message {
  readonly severity: 'error' | 'warning' | 'info';
  readonly formattedMessage: string;
  readonly sourceLocation?: { readonly file: string };
}

interface Compiled {
  readonly abi: readonly AbiItem[];
  readonly evm: { readonly bytecode: Code; readonly deployedBytecode: Code };
  readonly storageLayout: object;
}

interface AbiItem {
  readonly type: string;
}

interface Code {
  readonly object: string;
  readonly linkReferences: object;
}

const settings = {
  evmVersion: 'osaka',
  optimizer: { enabled: true, runs: 200 },
  // A sixth less code than the older pipeline makes; the Fleet has to stay below 24,576 bytes (EIP-170).
  viaIR: true,
  metadata: { bytecodeHash: 'none', appendCBOR: false },
  outputSelection: { '*': { '*': ['abi', 'evm.bytecode', 'evm.deployedBytecode', 'storageLayout'] } },
};

/**
 * Compiles every `*.sol` of a folder and writes `OUT/NAME.json` per contract in it, an {@link Artifact} each.
 * Imports are found below the folder or in node_modules. Warnings are printed; throws with solc's own messages on errors.
 */
export async function compileContracts(folder: string, out: string): Promise<void> {
  const sources = Object.fromEntries(solidityFiles(folder).map((name) => [name, { content: read(join(folder, name)) }]));
  const input = { language: 'Solidity', sources, settings };
  const compiled = solc.compile(JSON.stringify(input), { import: (path: string) => find(folder, path) });
  const output = JSON.parse(compiled) as Output;
  report(output);
  write(
    out,
    Object.keys(sources).flatMap((source) =>
      Object.entries(output.contracts?.[source] ?? {}).map(([name, contract]) =>
        artifact(source, name, { ...contract, abi: publicAbi(output, name, contract) }),
      ),
    ),
  );
}

/**
 * What the users of a contract see. A contract that hands calls on to the code of another does not name them itself; where
 * there is an interface of its name with an I before it, it is the interface that says what is answered.
 */
function publicAbi({ contracts }: Output, name: string, { abi }: Compiled): readonly AbiItem[] {
  const promised = contracts?.[`I${name}.sol`]?.[`I${name}`];
  if (!promised) return abi;
  return [...abi.filter(({ type }) => type === 'constructor'), ...promised.abi];
}

/** Writes the artifacts and removes those of contracts that are no more. */
function write(out: string, artifacts: readonly Artifact[]): void {
  mkdirSync(out, { recursive: true });
  const names = new Map(artifacts.map((each) => [`${each.contractName}.json`, each]));
  for (const name of readdirSync(out)) if (!names.has(name)) rmSync(join(out, name), { recursive: true });
  for (const [name, each] of names) writeFileSync(join(out, name), `${JSON.stringify(each, null, 2)}\n`);
}

function solidityFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.sol'))
    .sort();
}

function find(folder: string, path: string): { contents: string } | { error: string } {
  if (path.startsWith('@')) return contentsOf(() => read(createRequire(import.meta.url).resolve(path)), path);
  return contentsOf(() => read(join(folder, path)), path);
}

function contentsOf(readIt: () => string, path: string): { contents: string } | { error: string } {
  try {
    return { contents: readIt() };
  } catch {
    return { error: `"${path}" is neither beside the contracts nor in node_modules` };
  }
}

function read(path: string): string {
  return readFileSync(path, 'utf8');
}

/** Prints what solc warns of in our own sources; throws what it refuses anywhere. */
function report(output: Output): void {
  const messages = output.errors ?? [];
  const errors = messages.filter((message) => message.severity === 'error');
  const warnings = messages.filter((message) => message.severity !== 'error' && !message.sourceLocation?.file.startsWith('@'));
  for (const warning of warnings) console.warn(`\n${warning.formattedMessage}`);
  if (errors.length > 0) throw new ContractsDoNotCompile(errors.map((error) => error.formattedMessage));
}

function artifact(sourceName: string, contractName: string, { abi, evm, storageLayout }: Compiled): Artifact {
  return {
    contractName,
    sourceName,
    abi,
    bytecode: `0x${evm.bytecode.object}`,
    deployedBytecode: `0x${evm.deployedBytecode.object}`,
    linkReferences: evm.bytecode.linkReferences,
    deployedLinkReferences: evm.deployedBytecode.linkReferences,
    storageLayout,
  };
}

export class ContractsDoNotCompile extends Error {
  constructor(messages: readonly string[]) {
    super(`the contracts do not compile\n\n${messages.join('\n')}`);
    this.name = 'ContractsDoNotCompile';
  }
}
