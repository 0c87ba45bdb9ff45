import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { World } from './world.ts';

/** Real nodes that are connected with an emulator, by name; the command line has the sockets. */
export interface Outside {
  /** Where they connect: `ws://127.0.0.1:4500`. */
  readonly url: string;
  names(): string[];
  send(peer: string, message: Uint8Array): void;
  receive(handler: (peer: string, message: Uint8Array) => void): void;
  close(): void;
}

/** Who is there is looked after this often. */
const LOOK_MS = 250;

/**
 * Lets real nodes take part in an emulated ledger. Each stands in the virtual network under its own name, with one cable, to the
 * device that makes the blocks: what it sends arrives there, and what that device sends it goes out to it. Tells, once for each
 * reason, why something did not get through.
 */
export function openDoor(
  world: Pick<World, 'network' | 'boards' | 'sequencer' | 'outside'>,
  outside: Outside,
  tell: (trouble: string) => void,
): () => void {
  const gate = world.sequencer.identity.name;
  const own = new Set(world.boards.map(({ identity }) => identity.name));
  const inside = new Map<string, (message: Uint8Array) => void>();

  function enter(name: string): void {
    const { send, receive } = world.network.join(name);
    for (const other of [...own, ...inside.keys()]) if (other !== gate) world.network.setLink(name, other, { cut: true });
    receive((from, message) => from === gate && outside.send(name, message));
    inside.set(name, (message) => send(gate, message));
  }

  function look(): void {
    const there = new Set(outside.names().filter((name) => !own.has(name)));
    for (const name of there) if (!inside.has(name)) enter(name);
    for (const name of [...inside.keys()].filter((each) => !there.has(each))) {
      inside.delete(name);
      world.network.leave(name);
    }
  }

  const told = new Set<string>();
  const failed = (what: string) => (error: Error) => {
    const trouble = `${what}: ${error.message}`;
    if (!told.has(trouble)) tell(trouble);
    told.add(trouble);
  };

  outside.receive((name, message) => {
    if (own.has(name)) return;
    // A copy: what the socket lends is its own again after this call.
    const copy = message.slice();
    world
      .outside(() => {
        if (!inside.has(name)) enter(name);
        inside.get(name)!(copy);
      })
      .catch(failed(`what ${name} sends does not arrive`));
  });
  const timer = setInterval(() => void world.outside(look).catch(failed('who is connected is not looked after')), LOOK_MS);
  return () => {
    clearInterval(timer);
    outside.close();
  };
}

/** The configuration of a node that takes part; others take ledger and fleet from it (`--from`). Answers its path. */
export function writeNodeFile({ config }: Pick<World, 'config'>, url: string, buildFolder: string): string {
  const folder = join(buildFolder, 'emulator');
  const file = join(folder, 'node.json');
  const { genesis, fleet } = config;
  const own = { rpc: { listen: '127.0.0.1:8645' }, proxy: { listen: '0.0.0.0:8180' }, peers: { connect: [url] } };
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, `${JSON.stringify({ name: 'beside', data: './beside', ...own, genesis, fleet }, undefined, 2)}\n`);
  return file;
}
