/** What is known of a field that differs. */
interface Field {
  readonly request: string;
  readonly method: string;
  readonly path: string;
  readonly ours: unknown;
  readonly theirs: unknown;
}

/** Why an answer of ours may differ from anvil's. The first row that holds is the one told. */
export interface Reason {
  readonly reason: string;
  readonly holds: (field: Field) => boolean;
}

const SEALED = /(^|\.)(blockHash|hash|parentHash|stateRoot|timestamp|blockTimestamp|miner|mixHash|extraData|size|receiptsRoot)$/;
const hasError = ({ path }: Field) => path.startsWith('error.');
const isBlockAnswer = ({ method }: Field) => /^eth_(getBlock|getTransactionBy|getUncle)/.test(method);

export const REASONS: readonly Reason[] = [
  {
    reason:
      'a tag: our blocks are final at once and none is made without work, so pending, safe and finalized are the latest; anvil makes up a pending block and has safe and finalized behind',
    holds: ({ request }) => /"(pending|safe|finalized)"/.test(request),
  },
  {
    reason:
      'sealed differently: our blocks name and are signed by their sequencer and carry its clock; every hash over them follows',
    holds: ({ path, method, ours, theirs }) =>
      SEALED.test(path) &&
      ours !== undefined &&
      theirs !== undefined &&
      (path !== 'result.hash' || method.startsWith('eth_getBlock')),
  },
  {
    reason:
      'anvil adds fields that no execution API describes: totalDifficulty, blobGasPrice without blobs, the time of a receipt',
    holds: ({ path, ours }) => ours === undefined && /(totalDifficulty|blobGasPrice|result(\.\d+)?\.blockTimestamp)$/.test(path),
  },
  {
    reason: 'names of the implementations',
    holds: ({ method }) => method === 'web3_clientVersion',
  },
  {
    reason: 'anvil holds keys and has a coinbase to tell of; our node holds no key for RPC and knows no eth_coinbase',
    holds: ({ method }) => method === 'eth_accounts' || method === 'eth_coinbase',
  },
  {
    reason: 'no priority fee is needed on a permissioned ledger: we suggest none, anvil what was paid of late',
    holds: ({ method }) => method === 'eth_gasPrice' || method === 'eth_maxPriorityFeePerGas',
  },
  {
    reason: 'priority fees go to the sequencer here, to the zero address on anvil; proofs, made of the whole state, follow',
    holds: ({ method, request, path }) =>
      method === 'eth_getProof'
        ? path.startsWith('result.accountProof')
        : method === 'eth_getBalance' && request.includes(`0x${'00'.repeat(20)}`),
  },
  {
    reason: 'a block left out is the latest; anvil demands it',
    holds: ({ theirs, request, method }) =>
      /^eth_get(Balance|TransactionCount|Code|StorageAt)$/.test(method) &&
      (/expected tuple/.test(String(theirs)) || /^\S+ \["0x\w{40}"\]$/.test(request)),
  },
  {
    reason: 'slots are read padded or not; anvil refuses 0x0 as a key of a proof',
    holds: ({ method }) => method === 'eth_getProof',
  },
  {
    reason: 'a revert with a custom error is "execution reverted", as from geth; anvil writes the data into the message too',
    holds: ({ path, theirs }) => path === 'error.message' && /execution reverted: custom error/.test(String(theirs)),
  },
  {
    reason: 'a panic in the words of geth; anvil has its own',
    holds: ({ path, theirs }) => path === 'error.message' && /execution reverted: panic/.test(String(theirs)),
  },
  {
    reason:
      'a call that fails without a revert is −32000 with the words of geth; anvil answers −32603, which makes viem ask again',
    holds: (field) =>
      hasError(field) && /^eth_(call|estimateGas)$/.test(field.method) && field.ours !== undefined && field.theirs !== undefined,
  },
  {
    reason:
      'an estimate takes the whole call at its word (funds, gas, data and input alike), as geth does; anvil lets these pass',
    holds: ({ method, request }) => method === 'eth_estimateGas' && /too many wei|less gas|nobody|data and input/.test(request),
  },
  {
    reason: 'the least gas that works (53000 for a creation of nothing); the search of anvil ends within one gas of it',
    holds: ({ request, ours, theirs }) =>
      request === 'eth_estimateGas nothing' && BigInt(String(theirs)) - BigInt(String(ours)) === 1n,
  },
  {
    reason:
      'a precompile has its price without data too (6900 for P-256, EIP-7951); anvil takes such a call for a plain transfer',
    holds: ({ request }) => request === 'eth_estimateGas P-256 of nothing',
  },
  {
    reason: 'data and input that contradict each other are refused; anvil takes the one of its choice',
    holds: ({ request }) => request.endsWith('data and input'),
  },
  {
    reason: 'fees of a call are looked at only if it names a price; anvil compares the tip with the fee first',
    holds: ({ request }) => request.endsWith('a fee below the tip'),
  },
  {
    reason:
      'fee histories: none without percentiles asked for, percentiles ascend to 100, zero blocks are none, and a newest block that is not there is an error; anvil checks none of it',
    holds: ({ method }) => method === 'eth_feeHistory',
  },
  {
    reason:
      'topics by position, as the execution API has them: a log with fewer topics than the filter does not fit, and four are the most; anvil overlooks places that are null',
    holds: ({ method, request }) => method === 'eth_getLogs' && /null,null,null,null/.test(request),
  },
  {
    reason: 'a range of blocks that ends before it begins or beyond the head holds no logs there; anvil makes errors of some',
    holds: ({ method, request }) => method === 'eth_getLogs' && /"0x5"|blockHash/.test(request),
  },
  {
    reason: 'what is not there is answered with null, as the execution API has it; anvil makes an error of some',
    holds: (field) =>
      isBlockAnswer(field) &&
      (field.ours === null || field.theirs === null || /not found|-32001|-32602|-32000/.test(String(field.theirs))),
  },
  {
    reason:
      'parameters are read strictly and the sentence names the one that is wrong; anvil tells of its parser, and takes some forms that are not of the execution API',
    holds: ({ method, path, ours, theirs }) =>
      method !== 'body' &&
      (path === 'error.message'
        ? /should (be|have)|want at most|too many arguments/.test(String(ours))
        : ours === -32602 || (ours === undefined && theirs !== undefined && path.startsWith('result'))),
  },
  {
    reason:
      'refused transactions are −32000 with the words that viem and ethers look for; anvil has codes and details of its own',
    holds: (field) => field.method === 'eth_sendRawTransaction' && hasError(field),
  },
  {
    reason: 'what is no request is told apart in the words and codes of JSON-RPC 2.0; anvil has its own sentences',
    holds: ({ method }) => method === 'body',
  },
  {
    reason: 'a method or a block that is unknown: the same in other words',
    holds: ({ path, theirs }) =>
      path.startsWith('error.') && /not found|OutOfRange|Resource|BlockOutOfRange|-32001|-32602|-32601/.test(String(theirs)),
  },
];
