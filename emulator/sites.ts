import { cable, type Link } from './network.ts';
import type { Random } from './random.ts';

/** Devices that stand together: their cables end in one rail, and a trunk leads to the next site. */
export interface Site {
  readonly name: string;
  /** Index of its first device, and of the one after its last. */
  readonly from: number;
  readonly to: number;
}

const NAMES = [
  'Harbour',
  'Quarry',
  'Mill',
  'Depot',
  'Orchard',
  'Foundry',
  'Lighthouse',
  'Station',
  'Market',
  'Bridge',
  'Tower',
  'Garden',
];
/** A single device, or two, need no second site. */
const ALONE = 3;
const SITE_MOST = 12;

/** How devices in a row are spread over sites; the first has a little more than the others. Pure. */
export function sitesOf(devices: number): readonly Site[] {
  const count = devices <= ALONE ? 1 : Math.max(2, Math.ceil(devices / SITE_MOST));
  const bounds = Array.from({ length: count + 1 }, (_, index) => Math.ceil((devices * index) / count));
  if (count === 2) bounds[1] = Math.ceil((devices * 4) / 7);
  return bounds.slice(0, -1).map((from, index) => ({ name: nameOf(index), from, to: bounds[index + 1]! }));
}

function nameOf(index: number): string {
  const round = Math.floor(index / NAMES.length);
  return `${NAMES[index % NAMES.length]}${round === 0 ? '' : ` ${round + 1}`}`;
}

/** One way through a trunk, in milliseconds. */
const TRUNK_MS = { least: 4, most: 20 } as const;
/** How much longer the cables of one site may be than those of another. */
const SITE_MS = { least: 0, most: 4 } as const;

/** How messages pass between devices, by the indices of their sites: over the cables of these and the trunks between. Drawn once. */
export function linksBetween(sites: readonly Site[], random: Random): (from: number, to: number) => Link {
  const inside = sites.map(() => random.between(SITE_MS.least, SITE_MS.most));
  const along = [0];
  for (let site = 1; site < sites.length; site += 1) along.push(along[site - 1]! + random.between(TRUNK_MS.least, TRUNK_MS.most));
  const table = sites.map((_, a) =>
    sites.map((_, b) => slower(Math.max(inside[a]!, inside[b]!) + Math.abs(along[a]! - along[b]!))),
  );
  return (from, to) => table[from]![to]!;
}

const slower = (byMs: number): Link => ({ ...cable, minDelayMs: cable.minDelayMs + byMs, maxDelayMs: cable.maxDelayMs + byMs });
