import type { Hex } from '../runtime/ports/index.ts';
import type { Board } from './board.ts';
import { cable, type Link, type VirtualNetwork } from './network.ts';
import type { Random } from './random.ts';
import { linksBetween, type Site, sitesOf } from './sites.ts';

/** What a user may say of a board that he adds. */
export interface Added {
  /** Name of the site where it is put; the last one if absent. */
  readonly site?: string;
  /** Name of its looks; those of the others if absent. */
  readonly looks?: string;
  /** Secret key of a one-time token, by which it enrols itself. */
  readonly token?: Hex;
}

/** Who is in a world and where: boards come and go while it lives. */
export interface Population {
  /** Those of a site side by side. The same list all the time, which changes. */
  readonly boards: readonly Board[];
  sites(): readonly Site[];
  /** How a message passes between two devices if nothing is wrong. */
  usual(from: string, to: string): Link;
  /** Name of the board that comes next: none is used twice. */
  nextName(): string;
  /** Makes a board at the end of its site. Throws a {@link PopulationRefused} where it cannot be. */
  add(added: Added): Board;
  /** Nobody finds it any more. Throws a {@link PopulationRefused} for one that must stay. */
  remove(name: string): Board;
  /** Calls back after somebody came or went. */
  onChange(listener: () => void): () => void;
}

export const DEVICES_MOST = 256;

/** `pad-01` is the first. */
export function deviceName(index: number): string {
  return `pad-${String(index + 1).padStart(2, '0')}`;
}

/** So many boards, made in order, each with its name; the names of later ones go on from there, and none is used twice. */
export function populate(devices: number, random: Random, make: (name: string, looks: string | undefined) => Board): Population {
  const first = sitesOf(devices);
  const between = linksBetween(first, random);
  const siteOf = new Map<string, number>();
  const boards: Board[] = [];
  const listeners = new Set<() => void>();
  let made = 0;
  const put = (site: number, looks: string | undefined, at: number): Board => {
    const name = deviceName(made++);
    siteOf.set(name, site);
    const board = make(name, looks);
    boards.splice(at, 0, board);
    return board;
  };
  const endOf = (site: number): number => boards.filter(({ identity }) => siteOf.get(identity.name)! <= site).length;
  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  const population: Population = {
    boards,
    sites() {
      const bounds = first.map((_, site) => endOf(site));
      return first.map(({ name }, site) => ({ name, from: bounds[site - 1] ?? 0, to: bounds[site]! }));
    },
    usual(from, to) {
      const [a, b] = [siteOf.get(from), siteOf.get(to)];
      return a === undefined || b === undefined ? cable : between(a, b);
    },
    nextName: () => deviceName(made),
    add({ site: wanted, looks }) {
      if (boards.length >= DEVICES_MOST) throw new PopulationRefused(`a world has at most ${DEVICES_MOST} devices`);
      const site = wanted === undefined ? first.length - 1 : first.findIndex(({ name }) => name === wanted);
      if (site < 0) throw new PopulationRefused(`there is no site "${wanted}"; there are ${namesOf(first)}`);
      const board = put(site, looks, endOf(site));
      changed();
      return board;
    },
    remove(name) {
      const board = boards.find(({ identity }) => identity.name === name);
      if (!board) throw new PopulationRefused(`there is no device "${name}"`);
      if (board === boards[0])
        throw new PopulationRefused(`${name} makes the blocks: without it nothing can be decided any more`);
      boards.splice(boards.indexOf(board), 1);
      board.takeAway();
      changed();
      return board;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  first.forEach(({ from, to }, site) => {
    for (let index = from; index < to; index += 1) put(site, undefined, index);
  });
  return population;
}

/** A board that comes later finds what is cut off from its neighbours cut off too: the trunk, or the other's cable, is cut. */
export function inherit({ boards, sites }: Population, network: VirtualNetwork, board: Board): void {
  const { name } = board.identity;
  const at = boards.indexOf(board);
  const { from, to } = sites().find((site) => at >= site.from && at < site.to)!;
  const neighbours = boards.slice(from, to).filter((other) => other !== board);
  for (const other of boards) {
    const mates = neighbours.filter((mate) => mate !== other);
    const isCut = mates.length > 0 && mates.every((mate) => network.link(mate.identity.name, other.identity.name).cut);
    if (isCut && other !== board) network.setLink(name, other.identity.name, { cut: true });
  }
}

function namesOf(sites: readonly Site[]): string {
  return sites.map(({ name }) => name).join(', ');
}

/** Who cannot come or go, in a sentence. */
export class PopulationRefused extends Error {
  override readonly name = 'PopulationRefused';
}
