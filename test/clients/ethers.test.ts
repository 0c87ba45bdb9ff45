import {
  Contract,
  ContractFactory,
  type EventLog,
  type InterfaceAbi,
  isCallException,
  type JsonRpcApiProvider,
  JsonRpcProvider,
  Wallet,
  WebSocketProvider,
} from 'ethers';
import WebSocket from 'ws';
import type { Address } from '../../runtime/ports/index.ts';
import { OPERATOR_KEY } from '../support/node-process.ts';
import type { Artifact, Client, Library } from './client.ts';
import { story } from './story.ts';

const RECONNECT_MS = 200;
const POLLING_MS = 50;

const ethers: Library = { name: 'ethers 6', connect };

function connect(url: string): Client {
  // Answers are cached for a quarter of a second, longer than a block takes here: the next nonce would be the last one.
  const options = { pollingInterval: POLLING_MS, cacheTimeout: -1 };
  const provider = url.startsWith('ws')
    ? new WebSocketProvider(url, undefined, options)
    : new JsonRpcProvider(url, undefined, options);
  const wallet = new Wallet(OPERATOR_KEY, provider);
  const contract = ({ abi }: Artifact, at: Address) => new Contract(at, abi as InterfaceAbi, wallet);
  const closers = [() => end(provider)];
  return {
    async deploy({ abi, bytecode }, args) {
      const deployed = await new ContractFactory(abi as InterfaceAbi, bytecode, wallet).deploy(...args);
      await deployed.waitForDeployment();
      return (await deployed.getAddress()).toLowerCase() as Address;
    },
    read: (artifact, at, name, args) => contract(artifact, at).getFunction(name)(...args),
    async send(artifact, at, name, args) {
      const sent = await contract(artifact, at).getFunction(name)(...args);
      const receipt = await sent.wait();
      return (receipt.logs as EventLog[]).map((log) => ({ name: log.eventName, args: [...log.args] }));
    },
    async refusal(artifact, at, name, args) {
      try {
        await contract(artifact, at)
          .getFunction(name)
          .staticCall(...args);
      } catch (error) {
        if (!isCallException(error) || !error.revert) throw error;
        return { name: error.revert.name, args: [...error.revert.args] };
      }
      throw new Error(`${name} was not refused`);
    },
    async watch({ abi }, at, event, seen) {
      closers.push(
        await watchAgain(url, (socket) => {
          const watched = new Contract(at, abi as InterfaceAbi, socket);
          return watched.on(event, (...args) => seen(args.slice(0, -1)));
        }),
      );
    },
    async close() {
      for (const close of closers) await close();
    },
  };
}

/** This library leaves it to its user to connect again: a new provider over a new socket, with the listeners put on anew. */
async function watchAgain(url: string, listen: (provider: WebSocketProvider) => Promise<unknown>): Promise<() => Promise<void>> {
  let isOpen = true;
  let provider: WebSocketProvider | undefined;
  const open = async () => {
    const socket = new WebSocket(url);
    socket.on('error', () => {});
    socket.on('close', () => isOpen && setTimeout(open, RECONNECT_MS));
    const made = new WebSocketProvider(socket as never);
    provider = made;
    await listen(made).catch(() => {});
  };
  await open();
  return async () => {
    isOpen = false;
    if (provider) await end(provider);
  };
}

/** What the library sent without waiting, such as the end of its subscriptions, is answered before it goes. */
async function end(provider: JsonRpcApiProvider): Promise<void> {
  const isLost = provider instanceof WebSocketProvider && provider.websocket.readyState !== WebSocket.OPEN;
  if (!isLost) await provider.send('net_version', []);
  provider.destroy();
}

story(ethers);
