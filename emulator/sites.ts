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
