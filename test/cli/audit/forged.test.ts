/** Trails that somebody makes by himself, with the keys that he has: what is pinned must tell them from the true one. */
import { rmSync, truncateSync } from 'node:fs';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { privateKeyToAccount } from 'viem/accounts';
import type { Entry } from '../../../cli/audit/fetch.ts';
import { cryptography } from '../../../cli/audit/verify.ts';
import { bigintToBytes, bytesToHex, hexToBytes, ZERO_WORD } from '../../../runtime/bytes.ts';
import { SEAL_BYTES, sealHeader } from '../../../runtime/consensus/seal.ts';
import { sealOf, VALIDATOR_SET, Validators } from '../../../runtime/consensus/validators.ts';
import { bloomOf } from '../../../runtime/ledger/bloom.ts';
import { genesisMark } from '../../../runtime/ledger/genesis.ts';
import { type Header, hashHeader, withExtraData } from '../../../runtime/ledger/header.ts';
import { type Receipt, receiptsRoot } from '../../../runtime/ledger/receipt.ts';
import { decodeTransaction } from '../../../runtime/ledger/transaction.ts';
import type { LightBlock } from '../../../runtime/light/index.ts';
import type { Address, Log, Word } from '../../../runtime/ports/index.ts';
import { encodeBlock, encodeReceipt, encodeTransaction } from '../../../runtime/rpc/encode.ts';
import { listRoot } from '../../../runtime/state/list-root.ts';
import { EMPTY_ROOT } from '../../../runtime/state/trie.ts';
import { chainOf, type Person, person, signed } from '../../runtime/light/chain.ts';
import { classpad, file } from '../support.ts';

const s = suite('cli: forged trails');
const { keccak256 } = cryptography;
const CHAIN_ID = 7;
const fleet: Address = `0x${'fe'.repeat(20)}`;
const anybody = privateKeyToAccount(`0x${'11'.repeat(32)}`);
const NOBODY: Address = `0x${'00'.repeat(20)}`;

interface Made {
  readonly entry: Entry;
  readonly header: Header;
  readonly hash: Word;
}

function made(header: Header, raws: readonly Uint8Array[] = [], receipts: readonly Receipt[] = []): Made {
  const hash = hashHeader(header, keccak256);
  const places = raws.map((_, index) => ({ block: { header, hash }, index }));
  const transactions = raws.map((raw) => decodeTransaction(raw, cryptography));
  const shown = transactions.map((transaction, index) => encodeTransaction(transaction, places[index]));
  const block = encodeBlock({ header, hash }, raws, shown);
  const told = receipts.map((receipt, index) => encodeReceipt(receipt, transactions[index]!, places[index]!, 0));
  return { entry: JSON.parse(JSON.stringify({ number: header.number, block, receipts: told })), header, hash };
}

function genesisOf(coinbase: Address, extraData: Uint8Array): Made {
  return made({
    parentHash: ZERO_WORD,
    coinbase,
    stateRoot: EMPTY_ROOT,
    transactionsRoot: EMPTY_ROOT,
    receiptsRoot: EMPTY_ROOT,
    logsBloom: new Uint8Array(256),
    number: 0,
    gasLimit: 30_000_000n,
    gasUsed: 0n,
    timestamp: 1_800_000_000,
    extraData,
    mixHash: ZERO_WORD,
    baseFee: 0n,
  });
}

/** A block after another with one transaction of anybody's, which is said to have logged what one likes: nothing is executed. */
async function after(parent: Made, logs: readonly Log[], extra: (header: Header) => Uint8Array): Promise<Made> {
  const nonce = parent.header.number;
  const fields = { type: 'eip1559', chainId: CHAIN_ID, nonce, gas: 50_000n, to: fleet, value: 0n, data: '0x' } as const;
  const raw = hexToBytes(await anybody.signTransaction({ ...fields, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n }));
  const sender = anybody.address.toLowerCase() as Address;
  const logsBloom = bloomOf(logs, keccak256);
  const gas = { cumulativeGasUsed: 30_000n, gasUsed: 30_000n, gasPrice: 0n };
  const receipt: Receipt = { type: 2, succeeded: true, logsBloom, logs, sender, ...gas };
  const header = {
    ...parent.header,
    parentHash: parent.hash,
    mixHash: parent.hash,
    transactionsRoot: listRoot([raw], keccak256),
    receiptsRoot: receiptsRoot([receipt], keccak256),
    logsBloom,
    number: parent.header.number + 1,
    gasUsed: 30_000n,
  };
  return made(withExtraData(header, extra(header)), [raw], [receipt]);
}

const hexOf = (bytes: Uint8Array) => bytesToHex(bytes).slice(2).toUpperCase();
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
const timeOf = ({ seconds, nanos }: { seconds: bigint; nanos: number }) =>
  `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${String(nanos).padStart(9, '0')}Z`;
const blockIdOf = ({ hash, parts }: LightBlock['commit']['blockId']) => ({
  hash: hexOf(hash),
  parts: { total: parts.total, hash: hexOf(parts.hash) },
});

/** As CometBFT's RPC tells it. */
function told({ header, commit, validators }: LightBlock): object {
  const { version, chainId, height, time, lastBlockId, proposer, ...hashes } = header;
  const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return {
    signed_header: {
      header: {
        version: { block: `${version.block}`, app: `${version.app}` },
        chain_id: chainId,
        height: `${height}`,
        time: timeOf(time),
        last_block_id: blockIdOf(lastBlockId),
        ...Object.fromEntries(Object.entries(hashes).map(([name, hash]) => [snake(name), hexOf(hash)])),
        proposer_address: hexOf(proposer),
      },
      commit: {
        height: `${commit.height}`,
        round: commit.round,
        block_id: blockIdOf(commit.blockId),
        signatures: commit.signatures.map(({ flag, validator, time, signature }) => ({
          block_id_flag: flag,
          validator_address: hexOf(validator),
          timestamp: timeOf(time),
          signature: base64(signature),
        })),
      },
    },
    validators: validators.map(({ address, publicKey, power }) => ({
      address: hexOf(address),
      pub_key: { type: 'tendermint/PubKeyEd25519', value: base64(publicKey) },
      voting_power: `${power}`,
    })),
  };
}

/** Votes for a block of the ledger. */
function votesFor({ header, hash }: Made, voters: readonly Person[], signs?: (index: number) => boolean): object {
  const [shown] = chainOf([voters, voters]) as [LightBlock];
  const height = header.number * 10 + 1;
  return told(signed({ ...shown.header, height, appHash: hexToBytes(hash) }, voters, signs));
}

const word = (address: Address): Word => `0x${address.slice(2).padStart(64, '0')}`;
const deviceOf = (n: number): Address => `0x${String(n).padStart(40, '0')}`;
const rowOf = ({ validator }: Person, n: number) => ({
  device: deviceOf(n),
  publicKey: bytesToHex(validator.publicKey),
  power: Number(validator.power),
});
const setTo = (n: number, { validator }: Person, power: bigint): Log => ({
  address: fleet,
  topics: [VALIDATOR_SET, word(deviceOf(n)), bytesToHex(validator.publicKey)],
  data: bigintToBytes(power, 32),
});

const people = [1, 2, 3, 4].map((n) => person(n));
const stranger = person(9);
const founders = { validators: people.map(rowOf), trailingBlocks: 5 };
const first = new Validators(founders.validators);
const cluster = genesisOf(NOBODY, genesisMark({ chainId: CHAIN_ID, ...founders }, keccak256));
/** What a false receipt says: a stranger comes and all others go. */
const takeover = [setTo(9, stranger, 10n), ...people.map((each, n) => setTo(n, each, 0n))];
const usurped = first.after(takeover, fleet);

interface Trail {
  readonly blocks: readonly Made[];
  readonly votes?: unknown;
  /** Votes for blocks within, by number. */
  readonly within?: Readonly<Record<number, unknown>>;
  readonly title?: object;
}

function written({ blocks, votes, within = {}, title = {} }: Trail): string {
  const [{ hash }] = blocks as [Made];
  const agreed = votes === undefined ? {} : { agreed: { ...founders, votes } };
  const trust = { chainId: CHAIN_ID, sequencer: NOBODY, genesisHash: hash };
  const head = { classpad: 'audit trail 1', ...trust, fleet, newest: blocks.length - 1, ...agreed, ...title };
  const entries = blocks.map(({ entry }) => ({ ...entry, ...(entry.number in within && { votes: within[entry.number] }) }));
  return file('forged.jsonl', `${[head, ...entries].map((line) => JSON.stringify(line)).join('\n')}\n`);
}

const verify = (path: string, ...more: string[]) => classpad(['audit', 'verify', path, '--quiet', ...more]);
const heightSeal = (validators: Validators) => (header: Header) => sealOf(header.number * 10, validators, keccak256);

s('cluster: the true trail is right', async () => {
  const one = await after(cluster, [], heightSeal(first));
  const said = await verify(written({ blocks: [cluster, one], votes: votesFor(one, people) }), '--genesis', cluster.hash);
  assert.is(said.exitCode, 0, said.err);
  assert.match(said.out, /signed by 4 of 4 validators\.$/);
});

s('cluster: one of four does not become all four', async () => {
  const one = await after(cluster, [], heightSeal(first));
  const fourTimes = Array.from({ length: 4 }, () => people[0]!);
  const said = await verify(written({ blocks: [cluster, one], votes: votesFor(one, fourTimes) }), '--genesis', cluster.hash);
  assert.is(said.exitCode, 1, said.out);
  assert.match(said.err, /block 1: the votes for it(: .*twice| are of other validators than the trail names)/);
});

s('cluster: who is said to take over needs the votes of those before', async () => {
  const one = await after(cluster, takeover, heightSeal(usurped));
  const two = await after(one, [], heightSeal(usurped));
  const blocks = [cluster, one, two];
  const votes = votesFor(two, [stranger]);
  const without = await verify(written({ blocks, votes }), '--genesis', cluster.hash);
  assert.is(without.exitCode, 1, without.out);
  assert.match(without.err, /block 1: it changes who decides, and the trail does not hold the votes for it/);
  const byThemselves = await verify(
    written({ blocks, votes, within: { 1: votesFor(one, [stranger]) } }),
    '--genesis',
    cluster.hash,
  );
  assert.match(byThemselves.err, /block 1: the votes for it are of other validators than the trail names/);
  const twoOfFour = votesFor(one, people, (index) => index < 2);
  const tooFew = await verify(written({ blocks, votes, within: { 1: twoOfFour } }), '--genesis', cluster.hash);
  assert.match(tooFew.err, /block 1: the votes for it: block 11 was signed by 20 of 40/);
  const right = await verify(written({ blocks, votes, within: { 1: votesFor(one, people) } }), '--genesis', cluster.hash);
  assert.is(right.exitCode, 0, right.err);
});

s('cluster: a trail without votes is not right', async () => {
  const one = await after(cluster, [], heightSeal(first));
  const said = await verify(written({ blocks: [cluster, one] }), '--genesis', cluster.hash);
  assert.is(said.exitCode, 1, said.out);
  assert.match(said.err, /block 1: the trail does not hold the votes for it/);
  assert.is((await verify(written({ blocks: [cluster] }), '--genesis', cluster.hash)).exitCode, 0, 'nothing was decided yet');
});

const key = (byte: string) => privateKeyToAccount(`0x${byte.repeat(32)}`);
const [sequencer, thief] = [key('21'), key('22')] as const;
const addressOf = ({ address }: { address: string }) => address.toLowerCase() as Address;
/** Signs as a device does. */
const signer = (byte: string) => ({
  sign(hash: Uint8Array) {
    const bytes = secp256k1.sign(hash, hexToBytes(`0x${byte.repeat(32)}`), { prehash: false, format: 'recovered' });
    const { r, s: low, recovery } = secp256k1.Signature.fromBytes(bytes, 'recovered');
    return { yParity: recovery as 0 | 1, r, s: low };
  },
});
const sealBy = (byte: string) => (header: Header) =>
  sealHeader(withExtraData(header, new Uint8Array(SEAL_BYTES)), signer(byte), keccak256);
const solo = genesisOf(addressOf(sequencer), genesisMark({ chainId: CHAIN_ID }, keccak256));
const soloTitle = { sequencer: addressOf(sequencer) };

s('solo: the true trail is right', async () => {
  const one = await after(solo, [], sealBy('21'));
  const said = await verify(written({ blocks: [solo, one], title: soloTitle }), '--genesis', solo.hash);
  assert.is(said.exitCode, 0, said.err);
});

s('solo: the first block says whose seal counts', async () => {
  const one = await after(solo, [], sealBy('22'));
  const said = await verify(written({ blocks: [solo, one], title: { sequencer: addressOf(thief) } }), '--genesis', solo.hash);
  assert.is(said.exitCode, 1, said.out);
  assert.match(said.err, /block 0: it names 0x\w+ as the sequencer, not 0x\w+/);
});

s('solo: nobody needs no seal by saying that validators agree', async () => {
  const one = await after(solo, [], heightSeal(first));
  const said = await verify(written({ blocks: [solo, one], votes: votesFor(one, people) }), '--genesis', solo.hash);
  assert.is(said.exitCode, 1, said.out);
});

s('the first block says of which ledger it is', async () => {
  const said = await verify(written({ blocks: [solo], title: { ...soloTitle, chainId: 8 } }));
  assert.is(said.exitCode, 1, said.out);
  assert.match(said.err, /block 0: it is not of the ledger with chain id 8/);
});

s('an event is not hidden by the case of its letters', async () => {
  const revoked: Log = {
    address: fleet,
    topics: ['0xdd8ca0d07f8d860459d040ce2a192a34442e88535b131641d6b29cb06808c52d', word(deviceOf(1)), word(deviceOf(2))],
    data: new Uint8Array(0),
  };
  const one = await after(solo, [revoked], sealBy('21'));
  const [receipt] = one.entry.receipts;
  const upper = (text: string) => `0x${text.slice(2).toUpperCase()}`;
  for (const change of [{ address: upper(fleet) }, { topics: revoked.topics.map(upper) }]) {
    const logs = [{ ...receipt!.logs[0]!, ...change }];
    const entry = { ...one.entry, receipts: [{ ...receipt!, logs }] } as unknown as Entry;
    const path = written({ blocks: [solo, { ...one, entry }], title: soloTitle });
    const said = await classpad(['audit', 'verify', path]);
    assert.match(said.out, /DeviceRevoked/, said.err);
  }
});

s('the fleet that the story is of can be pinned, and is named where it is not', async () => {
  const one = await after(solo, [], sealBy('21'));
  const path = written({ blocks: [solo, one], title: soloTitle });
  const pins = ['--genesis', solo.hash, '--sequencer', addressOf(sequencer)];
  assert.match(
    (await verify(path, ...pins)).out,
    new RegExp(`the fleet is the one at ${fleet} \\(as the file says; pin it with --fleet\\)`),
  );
  assert.not.match((await verify(path, ...pins, '--fleet', fleet)).out, /as the file says/);
  const other = await verify(path, ...pins, '--fleet', `0x${'ab'.repeat(20)}`);
  assert.is(other.exitCode, 1);
  assert.match(other.err, /the trail is of the fleet at 0xfefe\w+, not of 0xabab/);
  const chain = await verify(path, ...pins, '--chain', '9');
  assert.match(chain.err, /chain id 7, not 9/);
});

s('no entries are no trail', async () => {
  const path = written({ blocks: [solo], title: { ...soloTitle, newest: -1 } });
  const empty = file(
    'none.jsonl',
    `${JSON.stringify({ classpad: 'audit trail 1', chainId: CHAIN_ID, sequencer: addressOf(sequencer), genesisHash: solo.hash, fleet, newest: -1 })}\n`,
  );
  for (const each of [path, empty]) assert.is((await verify(each)).exitCode === 0, false);
});

const withTransaction = ({ block, ...rest }: Entry, first: unknown) => ({ ...rest, block: { ...block, transactions: [first] } });
const withReceipt = (entry: Entry, change: object) => ({ ...entry, receipts: [{ ...entry.receipts[0], ...change }] });
const nonsense: readonly (readonly [name: string, change: (entry: Entry) => unknown])[] = [
  ['a sender that is none', (entry) => withTransaction(entry, { ...entry.block.transactions[0], from: 7 })],
  ['no transaction', (entry) => withTransaction(entry, null)],
  ['a contract that is none', (entry) => withReceipt(entry, { contractAddress: 7 })],
  ['a receipt without logs', (entry) => withReceipt(entry, { logs: null })],
  ['a receipt of nothing', (entry) => ({ ...entry, receipts: [null] })],
];

s('nonsense in an entry is named, not stumbled over', async () => {
  const one = await after(solo, [], sealBy('21'));
  for (const [name, change] of nonsense) {
    const entry = change(one.entry) as Entry;
    const said = await verify(written({ blocks: [solo, { ...one, entry }], title: soloTitle }));
    assert.is(said.exitCode, 1, name);
    assert.match(said.err, /^classpad: the trail is wrong\. block 1/, name);
  }
});

const titles: readonly (readonly [name: string, title: object])[] = [
  ['no sequencer', { sequencer: undefined }],
  ['no genesis', { genesisHash: 7 }],
  ['no chain', { chainId: 'x' }],
  ['no number', { newest: 1.5 }],
];

s('a title with nonsense is no title', async () => {
  for (const [name, title] of titles) {
    const said = await verify(written({ blocks: [solo], title: { ...soloTitle, ...title } }));
    assert.is(said.exitCode, 2, name);
    assert.match(said.err, /is no audit trail/, name);
  }
});

s('a line without end is not read into memory', async () => {
  const path = written({ blocks: [solo], title: soloTitle });
  truncateSync(path, 3 * 1024 * 1024 * 1024);
  const said = await verify(path);
  rmSync(path);
  assert.is(said.exitCode, 1);
  assert.match(said.err, /larger than any block/);
  const title = file('title.jsonl', '');
  truncateSync(title, 3 * 1024 * 1024 * 1024);
  assert.match((await verify(title)).err, /is no audit trail/);
  rmSync(title);
});

s.run();
