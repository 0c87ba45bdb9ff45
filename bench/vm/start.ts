import { secp256k1 } from '@noble/curves/secp256k1.js';
import { createVm, readWasm } from '../../vm/embed/index.ts';
import { ownCases } from './cases.ts';
import { ourRun } from './engines.ts';
import { type Clock, sample } from './measure.ts';
import { transferRun } from './transfer.ts';

/** What does not depend on a case. */
export interface Start {
  /** From bytes to a compiled module. */
  readonly compileMs: number;
  /** From the module to the end of a first small call. */
  readonly instanceMs: number;
  /** Encoded transaction in, receipt and diff out, without the signature. */
  readonly transferUs: number;
  readonly recoverUs: number;
  readonly nobleRecoverUs: number;
}

declare const WebAssembly: { readonly Module: new (bytes: Uint8Array) => object };

export async function measureStart(clock: Clock): Promise<Start> {
  const startMs = clock();
  const module = new WebAssembly.Module(readWasm());
  const compiledMs = clock();
  const cases = await tiny();
  const beginMs = clock();
  const vm = createVm({ fork: 'Osaka', wasm: module });
  await ourRun(cases, cases.cases[0]!, vm)();
  const endMs = clock();
  const transfer = transferRun();
  await sample(transfer, 300);
  const [recoverUs, nobleRecoverUs] = await measureRecovery(clock);
  return {
    compileMs: compiledMs - startMs,
    instanceMs: endMs - beginMs,
    transferUs: 1000 * (await sample(transfer, 300, clock)),
    recoverUs,
    nobleRecoverUs,
  };
}

async function tiny() {
  const own = await ownCases();
  return { ...own, cases: [{ name: 'tiny', code: '0x60016002015f5260205ff3' as const, calldata: '0x' as const, gas: 100_000n }] };
}

async function measureRecovery(clock: Clock): Promise<[ours: number, noble: number]> {
  const hash = new Uint8Array(32).fill(9);
  const bytes = secp256k1.sign(hash, new Uint8Array(32).fill(7), { prehash: false, format: 'recovered' });
  const signature = secp256k1.Signature.fromBytes(bytes, 'recovered');
  const vm = createVm({ fork: 'Osaka' });
  const ours = () => vm.recover(hash, signature.recovery!, signature.r, signature.s) ?? '';
  const noble = () => signature.recoverPublicKey(hash).toHex();
  await sample(ours, 200);
  await sample(noble, 200);
  return [1000 * (await sample(ours, 300, clock)), 1000 * (await sample(noble, 300, clock))];
}
