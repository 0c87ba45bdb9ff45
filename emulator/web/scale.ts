/** Pixels around the signal: names stand at its left, heads at its right, blocks above it. */
export const LEFT = 68;
export const RIGHT = 62;
export const TOP = 44;
export const COLUMN_PX = 26;
/** Pixels for one device's line: fewer, the more devices there are. */
const PITCH = { least: 5, most: 20, together: 208 };
/** A line of so many pixels has room for a name. */
export const NAME_PX = 14;

/** Where blocks and devices are on the drawing of the signal. It grows to the right until it is full; then now stays and blocks pass. */
export interface Scale {
  readonly width: number;
  readonly height: number;
  readonly head: number;
  /** First block that is drawn. */
  readonly first: number;
  /** The signal's left edge, and where now is. */
  readonly left: number;
  readonly right: number;
  readonly pitch: number;
  /** Every so many devices there is room for a name. */
  readonly every: number;
}

export function scaleOf(width: number, devices: number, head: number): Scale {
  const pitch = Math.max(PITCH.least, Math.min(PITCH.most, Math.floor(PITCH.together / Math.max(1, devices))));
  const columns = Math.max(4, Math.floor((width - LEFT - RIGHT) / COLUMN_PX));
  const left = width - RIGHT - columns * COLUMN_PX;
  return {
    width,
    height: TOP + devices * pitch + 6,
    head,
    first: Math.max(0, head + 1 - columns),
    left,
    right: left + Math.min(columns, head + 1) * COLUMN_PX,
    pitch,
    every: Math.ceil(NAME_PX / pitch),
  };
}

/** The left edge of a block's column; fractions are inside of it. */
export function xOf({ right, head }: Scale, block: number): number {
  return right - (head + 1 - block) * COLUMN_PX;
}

/** The block whose column is there, if one is. */
export function blockAt({ right, head, first }: Scale, x: number): number | undefined {
  const block = head + 1 + Math.floor((x - right) / COLUMN_PX);
  return block >= first && block <= head ? block : undefined;
}

/** The device whose line is there, if one is. */
export function deviceAt({ pitch }: Scale, y: number, devices: number): number | undefined {
  const device = Math.floor((y - TOP) / pitch);
  return device >= 0 && device < devices ? device : undefined;
}
