import { type ContractAbi, type EventLog, Web3, WebSocketProvider } from 'web3';
import type { Address } from '../../runtime/ports/index.ts';
import { OPERATOR_KEY } from '../support/node-process.ts';
import type { Artifact, Client, Library } from './client.ts';
import { story } from './story.ts';

const POLLING_MS = 50;
const RECONNECT = { autoReconnect: true, delay: 200, maxAttempts: 100 };

const web3js: Library = { name: 'web3.js 4', connect };

function connect(url: string): Client {
  const provider = url.startsWith('ws') ? new WebSocketProvider(url, {}, RECONNECT) : new Web3.providers.HttpProvider(url);
  const web3 = new Web3(provider);
  const closers = provider instanceof WebSocketProvider ? [() => provider.disconnect()] : [];
  web3.eth.transactionPollingInterval = POLLING_MS;
  const [{ address: from }] = web3.eth.accounts.wallet.add(OPERATOR_KEY) as unknown as [{ address: string }];
  const contract = ({ abi }: Artifact, at?: Address) => new web3.eth.Contract(abi as unknown as ContractAbi, at, { from });
  const method = (artifact: Artifact, at: Address, name: string, args: readonly unknown[]) =>
    contract(artifact, at).methods[name]!(...args);
  return {
    async deploy(artifact, args) {
      const made = await contract(artifact)
        .deploy({ data: artifact.bytecode, arguments: [...args] as never })
        .send({ from });
      return made.options.address!.toLowerCase() as Address;
    },
    read: (artifact, at, name, args) => method(artifact, at, name, args).call(),
    async send(artifact, at, name, args) {
      const receipt = await method(artifact, at, name, args).send({ from });
      return Object.values(receipt.events ?? {}).map((event) => ({ name: event.event, args: listed(event.returnValues) }));
    },
    async refusal(artifact, at, name, args) {
      try {
        await method(artifact, at, name, args).call({ from });
      } catch (error) {
        const { cause } = error as { cause?: { errorName?: string; errorArgs?: Record<string, unknown> } };
        if (cause?.errorName === undefined) throw error;
        return { name: cause.errorName, args: listed(cause.errorArgs ?? {}) };
      }
      throw new Error(`${name} was not refused`);
    },
    async watch(artifact, at, event, seen) {
      const socket = new WebSocketProvider(url, {}, RECONNECT);
      closers.push(() => socket.disconnect());
      const watching = new Web3(socket);
      // The socket comes back by itself; the subscriptions, which were the node's, are asked for again each time.
      await new Promise((resolve) => {
        socket.on('connect', () => {
          const events = new watching.eth.Contract(artifact.abi as unknown as ContractAbi, at).events[event]!();
          events.on('data', (log: EventLog) => seen(listed(log.returnValues)));
          events.on('connected', resolve);
        });
      });
    },
    async close() {
      for (const close of closers) close();
    },
  };
}

/** What the library gives by position and by name, by position alone. */
function listed(values: Readonly<Record<string, unknown>>): unknown[] {
  const count = Number(values['__length__'] ?? 0);
  return Array.from({ length: count }, (_, index) => values[index]);
}

story(web3js);
