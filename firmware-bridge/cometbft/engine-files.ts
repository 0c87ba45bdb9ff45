import type { Genesis } from '../../runtime/config.ts';
import { engineChainId } from '../../runtime/consensus/cometbft.ts';
import { addressOf, base64 } from './keys.ts';

export interface EngineConfig {
  readonly moniker: string;
  /** Where its peers reach it. */
  readonly p2p: { readonly listen: string; readonly advertised: string };
  /** `id@host:port` of all others. */
  readonly peers: readonly string[];
  /** Between two blocks, after the votes are in. */
  readonly commitMs: number;
  /** Where to begin with the state of others instead of the whole history. */
  readonly stateSync?: { readonly servers: readonly string[]; readonly height: number; readonly hash: string };
}

/**
 * `config/config.toml` for small devices: no index of transactions (the ledger has its own), a small mempool, known peers only, and no
 * block without work. What is not here is CometBFT's default; where the ledger and its RPC are it is told by the node.
 */
export function engineConfig({ moniker, p2p, peers, commitMs, stateSync }: EngineConfig): string {
  return `version = "0.38.25"
moniker = "${moniker}"
db_backend = "goleveldb"
log_level = "error"
abci = "socket"

[rpc]
max_open_connections = 64
max_subscription_clients = 8

[p2p]
laddr = "tcp://${p2p.listen}"
external_address = "${p2p.advertised}"
persistent_peers = "${peers.join(',')}"
persistent_peers_max_dial_period = "2s"
addr_book_strict = false
allow_duplicate_ip = true
pex = false
max_num_inbound_peers = 16
max_num_outbound_peers = 8
handshake_timeout = "5s"
dial_timeout = "2s"
flush_throttle_timeout = "10ms"

[mempool]
size = 2000
max_txs_bytes = 16777216
max_tx_bytes = 131072
cache_size = 4000

[consensus]
timeout_propose = "1s"
timeout_propose_delta = "250ms"
timeout_prevote = "250ms"
timeout_prevote_delta = "250ms"
timeout_precommit = "250ms"
timeout_precommit_delta = "250ms"
timeout_commit = "${commitMs}ms"
create_empty_blocks = false
create_empty_blocks_interval = "0s"
peer_gossip_sleep_duration = "50ms"

${stateSyncSection(stateSync)}
[storage]
discard_abci_responses = true

[tx_index]
indexer = "null"
`;
}

/** Where a device without history begins: with the state of others, which counts by the votes for its block. */
export function stateSyncSection(stateSync: EngineConfig['stateSync']): string {
  return `[statesync]
enable = ${stateSync !== undefined}
rpc_servers = "${stateSync?.servers.join(',') ?? ''}"
trust_height = ${stateSync?.height ?? 0}
trust_hash = "${stateSync?.hash ?? ''}"
trust_period = "168h0m0s"
discovery_time = "5s"
`;
}

/** `config/genesis.json`: the same validators as in the genesis of the ledger. */
export function engineGenesis(genesis: Genesis): string {
  const validators = (genesis.validators ?? []).map(({ publicKey, power }, index) => {
    const key = Buffer.from(publicKey.slice(2), 'hex');
    const pub = { type: 'tendermint/PubKeyEd25519', value: base64(key) };
    return { address: addressOf(key).toUpperCase(), pub_key: pub, power: String(power), name: `validator-${index + 1}` };
  });
  const params = {
    block: { max_bytes: '1048576', max_gas: '-1' },
    evidence: { max_age_num_blocks: '100000', max_age_duration: '172800000000000', max_bytes: '65536' },
    validator: { pub_key_types: ['ed25519'] },
    version: { app: '0' },
    abci: { vote_extensions_enable_height: '0' },
  };
  const value = {
    genesis_time: new Date(genesis.timestamp * 1000).toISOString(),
    chain_id: engineChainId(genesis.chainId),
    initial_height: '1',
    consensus_params: params,
    validators,
    app_hash: '',
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}
