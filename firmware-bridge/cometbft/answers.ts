import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { bytesToHex } from '../../runtime/bytes.ts';
import type { Abci, ChunkVerdict, OrderedBlock, Snapshot, SnapshotVerdict, ValidatorPower } from '../../runtime/ports/index.ts';
import type { Request, RequestBlock, RequestPrepareProposal, Snapshot as WireSnapshot } from './gen/abci_pb.ts';
import { ResponseSchema, type ValidatorUpdateSchema } from './gen/abci_pb.ts';

export type Verb = NonNullable<Request['value']['case']>;
type Asked<K extends Verb> = Extract<Request['value'], { case: K }>['value'];
type Answer = NonNullable<MessageInitShape<typeof ResponseSchema>['value']>;

const OFFERED: Readonly<Record<SnapshotVerdict, number>> = { accept: 1, abort: 2, reject: 3, rejectFormat: 4 };
const APPLIED: Readonly<Record<ChunkVerdict, number>> = { accept: 1, abort: 2, retry: 3, rejectSnapshot: 5 };
const ACCEPT = 1;
const REJECT = 2;
const ASKED_AGAIN = 1;
/** Of what the application's rules are; all devices of a ledger have the same. */
const APP_VERSION = 1n;
/** What the engine counts on top of each transaction's own bytes, for as many as a block may hold. */
const OVERHEAD_BYTES = 4096;

/** One row per verb: from the wire to the ledger and back. */
const rows: { readonly [K in Verb]: (abci: Abci, asked: Asked<K>) => Answer } = {
  echo: (_, { message }) => ({ case: 'echo', value: { message } }),
  flush: () => ({ case: 'flush', value: {} }),
  info(abci) {
    const { height, appHash } = abci.info();
    const value = { data: 'classpad', appVersion: APP_VERSION, lastBlockHeight: BigInt(height), lastBlockAppHash: appHash };
    return { case: 'info', value };
  },
  initChain(abci, { chainId, validators }) {
    const given = validators.map(({ pubKey, power }): ValidatorPower => {
      if (pubKey?.sum.case !== 'ed25519') throw new Error('a validator of the genesis has no ed25519 key');
      return { publicKey: pubKey.sum.value, power: Number(power) };
    });
    const { validators: own, appHash } = abci.initChain({ chainId, validators: given });
    return { case: 'initChain', value: { validators: own.map(toUpdate), appHash } };
  },
  query: (abci, { path, data }) => ({ case: 'query', value: abci.query(path, data) }),
  checkTx: (abci, { tx, type }) => ({ case: 'checkTx', value: abci.checkTransaction(tx, type === ASKED_AGAIN) }),
  commit: (abci) => ({ case: 'commit', value: { retainHeight: BigInt(abci.commit()) } }),
  listSnapshots: (abci) => ({ case: 'listSnapshots', value: { snapshots: abci.listSnapshots().map(toWire) } }),
  offerSnapshot(abci, { snapshot, appHash }) {
    if (!snapshot) throw new Error('a snapshot is offered that is none');
    return { case: 'offerSnapshot', value: { verdict: OFFERED[abci.offerSnapshot(fromWire(snapshot), appHash)] } };
  },
  loadSnapshotChunk: (abci, { height, format, chunk }) => ({
    case: 'loadSnapshotChunk',
    value: { chunk: abci.loadChunk(Number(height), format, chunk) },
  }),
  applySnapshotChunk(abci, { index, chunk, sender }) {
    const verdict = abci.applyChunk(index, chunk);
    const again = verdict === 'retry' ? { refetchChunks: [index], rejectSenders: sender ? [sender] : [] } : {};
    return { case: 'applySnapshotChunk', value: { verdict: APPLIED[verdict], ...again } };
  },
  prepareProposal(abci, asked) {
    const most = Math.max(0, Number(asked.maxTxBytes) - OVERHEAD_BYTES);
    return { case: 'prepareProposal', value: { txs: [...abci.prepareProposal(toBlock(asked), most)] } };
  },
  processProposal: (abci, asked) => ({
    case: 'processProposal',
    value: { verdict: abci.processProposal(toBlock(asked)) === undefined ? ACCEPT : REJECT },
  }),
  extendVote: () => ({ case: 'extendVote', value: {} }),
  verifyVoteExtension: () => ({ case: 'verifyVoteExtension', value: { verdict: ACCEPT } }),
  finalizeBlock(abci, asked) {
    const { outcomes, validators, appHash } = abci.finalizeBlock(toBlock(asked));
    const value = { txResults: [...outcomes], validatorUpdates: validators.map(toUpdate), appHash };
    return { case: 'finalizeBlock', value };
  },
};

/** What the ledger answers to one request. An error of the ledger becomes an exception, after which CometBFT ends. */
export function answerTo(abci: Abci, { value }: Request, failed: (verb: Verb, error: Error) => void) {
  if (value.case === undefined) return create(ResponseSchema, { value: exception('this verb is not known here') });
  try {
    const row = rows[value.case] as (abci: Abci, asked: unknown) => Answer;
    return create(ResponseSchema, { value: row(abci, value.value) });
  } catch (error) {
    failed(value.case, error as Error);
    return create(ResponseSchema, { value: exception((error as Error).message) });
  }
}

function exception(error: string): Answer {
  return { case: 'exception', value: { error } };
}

function toBlock(asked: RequestBlock | RequestPrepareProposal): OrderedBlock {
  const { height, time, proposerAddress, txs } = asked;
  const misbehavior = 'misbehavior' in asked ? asked.misbehavior : [];
  return {
    caught: misbehavior.map(({ validator, height: at }) => ({
      validator: bytesToHex(validator?.address ?? new Uint8Array(20)),
      height: Number(at),
    })),
    height: Number(height),
    timeSeconds: Number(time?.seconds ?? 0n),
    proposer: bytesToHex(proposerAddress),
    transactions: txs,
  };
}

function toUpdate({ publicKey, power }: ValidatorPower): MessageInitShape<typeof ValidatorUpdateSchema> {
  return { pubKey: { sum: { case: 'ed25519', value: publicKey } }, power: BigInt(power) };
}

function toWire({ height, ...rest }: Snapshot) {
  return { ...rest, height: BigInt(height) };
}

function fromWire({ height, format, chunks, hash, metadata }: WireSnapshot): Snapshot {
  return { height: Number(height), format, chunks, hash, metadata };
}
