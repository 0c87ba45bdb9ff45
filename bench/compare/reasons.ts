import type { FieldDifference } from './fields.ts';

export interface Named extends FieldDifference {
  readonly request: string;
}

/** Why fields of our answers differ from anvil's: which requests, which fields, and what stands there on either side. */
export interface Reason {
  readonly reason: string;
  readonly request: RegExp;
  readonly path: RegExp;
  readonly ours: RegExp;
  readonly theirs: RegExp;
}

type Row = readonly [reason: string, request: RegExp, path: RegExp, ours: RegExp, theirs: RegExp];

const ABSENT = /^absent$/;
const HEX = /^0x[0-9a-f]+$/;
const HASH = /^0x[0-9a-f]{64}$/;
const ZEROS = /^0x0{64}$/;
const EMPTY_ROOT = /^0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421$/;
const ANY = /^/;
const BLOCK = /^eth_getBlockBy/;
const GENESIS = /^eth_getBlockBy.*("earliest"|"0x0"|of 0$)/;
const SIMULATED = /^eth_simulateV1/;

const blocks: readonly Row[] = [
  ['our seal, the signature of the sequencer, is in extraData', BLOCK, /^result\.extraData$/, HEX, /^0x$/],
  ['… so the block is larger by it', BLOCK, /^result\.size$/, HEX, HEX],
  [
    'PREVRANDAO (EIP-4399) is the hash of the parent: the ledger has no beacon',
    BLOCK,
    /^result\.mixHash$/,
    /^hash of block \d+$/,
    HASH,
  ],
  [
    'anvil’s first block has the root of an empty state, its rich account notwithstanding',
    GENESIS,
    /^result\.stateRoot$/,
    HASH,
    EMPTY_ROOT,
  ],
  ['the pending block has a state; anvil’s has the root zero', /"pending"/, /^result\.stateRoot$/, HASH, ZEROS],
  [
    'EIP-161: anvil keeps empty accounts in its trie; without them its roots are ours, as computed below',
    BLOCK,
    /^result\.stateRoot$/,
    HASH,
    HASH,
  ],
  [
    'the first block of ours names its sequencer; anvil learns of its coinbase after it',
    GENESIS,
    /^result\.miner$/,
    HEX,
    /^0x0{40}$/,
  ],
  ['totalDifficulty is no field of the execution API any more', BLOCK, /^result\.totalDifficulty$/, ABSENT, /^0x0$/],
  ['blobGasPrice belongs to receipts of blob transactions only', /Receipt/, /\.blobGasPrice$/, ABSENT, /^0x1$/],
  [
    'the execution API has a blockTimestamp for logs and transactions, none for receipts',
    /Receipt/,
    /^result(\.\d+)?\.blockTimestamp$/,
    ABSENT,
    /^\d+$/,
  ],
  [
    'the pending block has no seal yet, so its hash is not the one that it will have, on either node',
    /"pending"/,
    /^result\.hash$/,
    HASH,
    HASH,
  ],
  ['the pending block has the time of each node’s own clock', /"pending"/, /^result\.timestamp$/, HEX, HEX],
  ['the pending block has receipts, as geth has it', /^eth_getBlockReceipts \["pending"\]$/, /^result$/, /^\[\]$/, /^null$/],
  [
    'the pending block has no uncles, as no block has',
    /^eth_getUncleCountByBlockNumber \["pending"\]$/,
    /^answer$/,
    /^result: "0x0"$/,
    /Resource not found/,
  ],
  [
    'what is not there is null (execution API: notFound)',
    /^eth_get(BlockTransaction|Uncle)CountBy\w*Number \["0xffff"\]$/,
    /^answer$/,
    /^result: null$/,
    /^error -32(602|001)/,
  ],
];

const accounts: readonly Row[] = [
  [
    'proofs go to the root of their block; each of ours is verified below',
    /^eth_getProof/,
    /^result\.accountProof\.\d+$/,
    HEX,
    HEX,
  ],
  [
    'a proof from an empty trie has no node, as from geth; anvil proves with the node that is nothing',
    /^eth_getProof/,
    /^result\.storageProof\.\d+\.proof$/,
    /^\[\]$/,
    ABSENT,
  ],
  [
    'a proof from an empty trie has no node, as from geth; anvil proves with the node that is nothing',
    /^eth_getProof/,
    /^result\.storageProof\.\d+\.proof\.0$/,
    ABSENT,
    /^0x80$/,
  ],
  [
    'the key of a proof is repeated as it was asked',
    /^eth_getProof .*\["0x0"\]/,
    /^result\.storageProof\.0\.key$/,
    /^0x0$/,
    ZEROS,
  ],
];

const plain: readonly Row[] = [
  ['names of the implementations', /^web3_clientVersion/, /^result$/, /^classpad/, /^anvil/],
  [
    'no key is held for RPC: writing is by signature only',
    /^eth_accounts/,
    /^result(\.0)?$/,
    /^(\[\]|absent)$/,
    /^(0xf39f\w+|absent)$/,
  ],
  [
    'no tip is needed where validators are appointed: the price is the base fee; anvil suggests what was paid of late',
    /^eth_(gasPrice|maxPriorityFeePerGas)/,
    /^result$/,
    /^0x0$/,
    HEX,
  ],
  [
    'an unknown method in the words of geth, which ethers looks for',
    /unknown|a batch with an error/,
    /error\.message$/,
    /^the method eth_unknown does not exist\/is not available$/,
    /^Method not found$/,
  ],
  [
    'a block to come is “header not found” (−32000), as from geth',
    /"0xffff"\]$/,
    /^error\.(code|message)$/,
    /^(-32000|header not found)$/,
    /^(-32602|BlockOutOfRangeError.*)$/,
  ],
  [
    'an unknown block is “header not found”, as from geth',
    /^eth_getLogs \[\{"blockHash"/,
    /^error\.message$/,
    /^header not found$/,
    /^unknown block$/,
  ],
  [
    'fee histories: rewards only if percentiles are asked for (execution API)',
    /^eth_feeHistory \S+,\[\]\]$/,
    /^result\.reward$/,
    ABSENT,
    /^\[\]$/,
  ],
  [
    'fee histories: no blocks are no blocks, as from geth',
    /^eth_feeHistory \["0x0"/,
    /^result\.\w+(\.\d)?$/,
    /^(0x0|\[\]|absent)$/,
    /^(0x[0-9a-f]+|[\d.]+|\[\]|absent)$/,
  ],
  [
    'fee histories: beyond the head is an error in the words of geth',
    /^eth_feeHistory \["0x4","0xff"/,
    /^answer$/,
    /request beyond head block: requested 255, head 9$/,
    /^result/,
  ],
  [
    'fee histories: percentiles ascend from 0 to 100 (execution API)',
    /^eth_feeHistory .*\[(50,20|101)\]\]$/,
    /^answer$/,
    /^error -32602: rewardPercentiles should ascend/,
    /^result/,
  ],
];

const PANICS: readonly (readonly [ours: string, theirs: string])[] = [
  ['assert\\(false\\)', 'assertion failed \\(0x01\\)'],
  ['arithmetic underflow or overflow', 'arithmetic underflow or overflow \\(0x11\\)'],
  ['division or modulo by zero', 'division or modulo by zero \\(0x12\\)'],
  ['out-of-bounds access of an array or bytesN', 'array out-of-bounds access \\(0x32\\)'],
  ['out-of-bounds array access; popping on an empty array', 'called `.pop\\(\\)` on an empty array \\(0x31\\)'],
  ['out of memory', 'memory allocation error \\(0x41\\)'],
];

const calls: readonly Row[] = [
  [
    'a custom error is “execution reverted”, its bytes in data, as from geth',
    /^eth_/,
    /^error\.message$/,
    /^execution reverted$/,
    /^execution reverted: custom error 0x/,
  ],
  ...PANICS.map(
    ([ours, theirs]): Row => [
      'a panic in the words of geth',
      /^eth_(call|estimateGas) fail/,
      /^error\.message$/,
      new RegExp(`^execution reverted: ${ours}$`),
      new RegExp(`^execution reverted: panic: ${theirs}$`),
    ],
  ),
  [
    'a call that fails without a revert is −32000, as from geth; on −32603 viem asks again',
    /^eth_(call|estimateGas) (fail|little|bn254)/,
    /^error\.code$/,
    /^-32000$/,
    /^-32603$/,
  ],
  [
    '… in the words of geth',
    /^eth_(call|estimateGas) (failInvalid|little|bn254)/,
    /^error\.message$/,
    /^(invalid opcode|out of gas|precompile failure|gas required exceeds allowance \(24576\))$/,
    /^(EVM error |Out of gas)/,
  ],
  [
    'insufficient funds in the words of geth, which viem and ethers look for',
    /(too many wei|more than there is)$/,
    /^error\.message$/,
    /^insufficient funds for gas \* price \+ value/,
    /^Insufficient funds/,
  ],
  ['… and −32000', /^eth_(call too many wei|estimateGas little gas)$/, /^error\.code$/, /^-32000$/, /^-32003$/],
  [
    '… in an estimate too',
    /^eth_estimateGas a fee below the tip$/,
    /^answer$/,
    /^error -32000: max priority fee per gas higher than max fee per gas/,
    /^result: "0x5208"$/,
  ],
  [
    '“intrinsic gas too low” is geth’s word for gas below 21000',
    /^eth_call less gas/,
    /^error\.(code|message)$/,
    /^(-32000|intrinsic gas too low)$/,
    /^(-32603|-32003|intrinsic gas too high.*)$/,
  ],
  [
    'an estimate takes the call at its word, funds and gas too, as geth does',
    /^eth_estimateGas (too many wei|less gas)/,
    /^answer$/,
    /^error -32000/,
    /^result: "0x5208"$/,
  ],
  [
    'an estimate is the least gas that works: 53000 for a creation of nothing (EIP-2, EIP-3860)',
    /^eth_estimateGas nothing$/,
    /^result$/,
    /^0xcf08$/,
    /^0xcf09$/,
  ],
  ['P-256 costs 6900 without data too (EIP-7951)', /^eth_estimateGas P-256/, /^result$/, /^0x6cfc$/, /^0x5208$/],
  [
    'data and input that contradict each other are refused, as by geth',
    /data and input$/,
    /^error\.(code|message|data)$/,
    /^(-32602|call has both data and input, and they differ|absent)$/,
    /^(3|execution reverted|0x)$/,
  ],
  [
    'a tip above the fee in the words of geth, which viem looks for',
    /a fee below the tip$/,
    /^error\.(code|message)$/,
    /^(-32000|max priority fee per gas higher than max fee per gas.*)$/,
    /^(-32602|-32003|Invalid input.*|max_.*)$/,
  ],
  [
    'an access list is made of a call that reverts, too, and names the error (execution API)',
    /^eth_createAccessList failShort$/,
    /^answer$/,
    /^result: .*"error":"execution reverted"/,
    /^error 3/,
  ],
];

const traces: readonly Row[] = [
  ['a refund of zero is left out, as by geth', /structLogger/, /\.refund$/, ABSENT, /^0$/],
  [
    'the gas of the outermost call is the transaction’s limit, as from geth; anvil takes off the intrinsic gas',
    /allTracer/,
    /^result(\.0\.result)?\.gas$/,
    HEX,
    HEX,
  ],
  ['codeHash beside code, as from geth', /prestateTracer/, /\.codeHash$/, HASH, ABSENT],
  ['what comes to be in the transaction had no slots before', /prestateTracer of 1$/, /\.storage\.0x0{64}$/, ABSENT, ZEROS],
  [
    'an account that was not there is not in “pre” of a difference, as with geth',
    /prestateTracer difference/,
    /^result\.pre(\.0x\w{40}\.balance)?$/,
    /^(absent|\{\})$/,
    /^(0x0|absent)$/,
  ],
  [
    'a transaction that is not there is “transaction not found”, as from geth',
    /^debug_traceTransaction \["0xee/,
    /^answer$/,
    /transaction not found$/,
    /"structLogs":\[\]/,
  ],
];

const SIMULATED_ONLY = 'withdrawalsRoot|blobGasUsed|excessBlobGas|parentBeaconBlockRoot|requestsHash|size|withdrawals';
const simulations: readonly Row[] = [
  [
    'a simulated block stands on its parent and has roots, as the execution API has it',
    SIMULATED,
    /^result\.\d\.(parentHash|stateRoot)$/,
    /^(0x\w{64}|hash of block 9)$/,
    ZEROS,
  ],
  [
    '… its receiptsRoot is that of receipts; anvil repeats the transactionsRoot',
    SIMULATED,
    /^result\.\d\.receiptsRoot$/,
    HASH,
    HASH,
  ],
  [
    '… it is one block and a second later than its parent (execution API); anvil’s is the head once more',
    SIMULATED,
    /\.(number|timestamp|blockNumber|blockTimestamp)$/,
    HEX,
    HEX,
  ],
  ['… it has the fields of every block', SIMULATED, new RegExp(`^result\\.\\d\\.(${SIMULATED_ONLY})$`), /^(0x\w+|\[\])$/, ABSENT],
  [
    '… its transactions have the ledger’s chain id and the sender’s nonces; anvil’s have chain id 1 and nonce 0',
    SIMULATED,
    /^result\.\d\.(transactionsRoot|transactions\.\d|calls\.\d\.logs\.\d\.transactionHash)$/,
    HASH,
    HASH,
  ],
  ['… so their hashes differ', SIMULATED, /^result\.\d\.(hash|calls\.\d\.logs\.\d\.blockHash)$/, HASH, HASH],
  ['maxUsedGas is a field of the execution API', SIMULATED, /\.calls\.\d\.maxUsedGas$/, HEX, ABSENT],
  [
    'transfers are told as logs, but no receipt holds them: the bloom is without',
    /^eth_simulateV1 transfers/,
    /^result\.0\.logsBloom$/,
    /^0x0+$/,
    HEX,
  ],
  [
    'a revert is code 3 with data (execution API)',
    /^eth_simulateV1 a revert$/,
    /\.error\.(code|message|data)$/,
    /^(3|execution reverted|0x949be695\w+)$/,
    /^(-3200|execution failed|absent)$/,
  ],
  [
    'validation looks at nonces (−38010, execution API)',
    /^eth_simulateV1 a nonce too low$/,
    /^answer$/,
    /^error -38010: nonce too low/,
    /^result/,
  ],
  ['insufficient funds are −38014 (execution API)', /^eth_simulateV1 more than/, /^error\.code$/, /^-38014$/, /^-32003$/],
  ['no blocks are no request, as with geth', /^eth_simulateV1 nothing$/, /^answer$/, /^error -32602/, /^result: \[\]$/],
];

const refusals: readonly Row[] = [
  [
    '−32602 on both; our sentence names the parameter',
    /^eth_/,
    /^error\.message$/,
    /should (be|have)|want at most|entries; at most/,
    ANY,
  ],
  [
    'a quantity begins with 0x (execution API)',
    /^eth_getBlockByNumber \["12",false\]$/,
    /^answer$/,
    /^error -32602/,
    /^result: null$/,
  ],
  ['what is no transaction is −32000, as from geth', /^eth_sendRawTransaction \["0x/, /^error\.code$/, /^-32000$/, /^-32602$/],
  [
    '… and the sentence says what is wrong',
    /^eth_sendRawTransaction \["0x/,
    /^error\.message$/,
    /^(this is not a signed transaction|transaction type not supported)/,
    /^(Empty transaction data|Failed to decode transaction)$/,
  ],
  ['a refused transaction is −32000, as from geth', /^eth_sendRawTransaction [a-z]/, /^error\.code$/, /^-32000$/, /^-32003$/],
  [
    '… with the same words and its numbers',
    /^eth_sendRawTransaction (a nonce|another|too little|init|the same)/,
    /^error\.message$/,
    /^(nonce too low|invalid chain id for signer|intrinsic gas too low|max initcode size exceeded): /,
    /^(nonce too low|invalid chain id for signer|intrinsic gas too low|max initcode size exceeded)$/,
  ],
  [
    'no transaction may ask for more than 16777216 gas (EIP-7825)',
    /^eth_sendRawTransaction more gas/,
    /^error\.message$/,
    /^transaction gas limit too high \(cap: 16777216/,
    /^intrinsic gas too high/,
  ],
  ['what is not JSON is −32700 (JSON-RPC 2.0, 5.1)', /^body: no JSON$/, /^error\.code$/, /^-32700$/, /^-32600$/],
  [
    'the sentence says what is wrong with the request',
    /^body: /,
    /^error\.message$/,
    /^(the request is not|the batch is empty|jsonrpc should be|method should be|params should be)/,
    /^(Invalid request|invalid type: map, expected a sequence)$/,
  ],
  [
    'a batch is answered by a batch (JSON-RPC 2.0, 6)',
    /^body: a batch of a number$/,
    /^answer$/,
    /^a batch: \[\{"jsonrpc":"2.0","id":null,"error":\{"code":-32600/,
    /^error -32600/,
  ],
];

const rows: readonly Row[] = [...blocks, ...accounts, ...plain, ...calls, ...traces, ...simulations, ...refusals];

export const REASONS: readonly Reason[] = rows.map(([reason, request, path, ours, theirs]) => ({
  reason,
  request,
  path,
  ours,
  theirs,
}));

/** The first row that fits in all four. */
export function reasonFor({ request, path, ours, theirs }: Named): string | undefined {
  return REASONS.find(
    (row) => row.request.test(request) && row.path.test(path) && row.ours.test(shown(ours)) && row.theirs.test(shown(theirs)),
  )?.reason;
}

function shown(value: unknown): string {
  return value === undefined ? 'absent' : String(value);
}
