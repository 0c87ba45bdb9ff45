import type { DeviceView, LedgerRow, ViewState } from '../protocol.ts';
import { COLUMN_PX, LEFT, NAME_PX, type Scale, TOP, xOf } from './scale.ts';
import { RING, SHAPES } from './shapes.ts';
import type { Tones } from './tones.ts';
import { type Stretch, stretchesOf } from './trace.ts';

/** Everything that the drawing of the signal follows from. */
export interface SignalPicture {
  readonly scale: Scale;
  readonly devices: readonly DeviceView[];
  /** Oldest first. */
  readonly rows: readonly LedgerRow[];
  /** The revision that is drawn high. */
  readonly newest: number | undefined;
  readonly chosen: string | undefined;
  readonly tones: Tones;
  /** Pixels of the screen for one of the page. */
  readonly ratio: number;
}

/** Lines are up to so broad that they reach over the edge of a column. */
const OVERLAP_PX = 2;
const shapes = new Map<string, Path2D>();

/**
 * Paints the signal into a canvas: one line per device over the blocks. A new block moves what is painted to the left and
 * paints its own column; what happened before is painted again only where it became different.
 */
export class SignalPainter {
  /** How many columns were painted so far; for tests and measurements. */
  columns = 0;
  private readonly canvas: HTMLCanvasElement;
  private readonly context: CanvasRenderingContext2D;
  private painted: SignalPicture | undefined;

  constructor(canvas: HTMLCanvasElement) {
    this.canvas = canvas;
    this.context = canvas.getContext('2d')!;
  }

  paint(picture: SignalPicture): void {
    const from = this.painted ? dirtyFrom(this.painted, picture) : Number.NEGATIVE_INFINITY;
    if (from === Number.NEGATIVE_INFINITY) this.begin(picture);
    else this.shift(picture.scale.head - this.painted!.scale.head);
    const { scale } = picture;
    if (from <= scale.head) this.paintColumns(picture, Math.max(scale.first, from));
    this.paintBlocks(picture);
    this.paintEnds(picture);
    this.painted = picture;
  }

  /** An empty canvas of the right size. */
  private begin({ scale: { width, height }, ratio }: SignalPicture): void {
    const { canvas, context } = this;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.painted = undefined;
  }

  /** Moves what is painted to the left by so many blocks. */
  private shift(blocks: number): void {
    if (blocks === 0) return;
    const { canvas, context, painted } = this;
    const { ratio, scale } = painted!;
    const [left, top] = [scale.left * ratio, (TOP - 8) * ratio];
    const [width, height] = [(scale.right - scale.left) * ratio, canvas.height - top];
    const by = blocks * COLUMN_PX * ratio;
    context.save();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.globalCompositeOperation = 'copy';
    context.beginPath();
    context.rect(left, top, width, height);
    context.clip();
    context.drawImage(canvas, left + by, top, width - by, height, left, top, width - by, height);
    context.restore();
  }

  /** The lines from this block to now. */
  private paintColumns(picture: SignalPicture, from: number): void {
    const { context } = this;
    const { scale, devices, tones } = picture;
    const left = Math.max(xOf(scale, scale.first), xOf(scale, from) - OVERLAP_PX);
    const top = TOP - 8;
    this.columns += scale.head + 1 - from;
    context.save();
    context.beginPath();
    context.rect(left, top, scale.right - left, scale.height - top);
    context.clip();
    context.clearRect(left, top, scale.right - left, scale.height - top);
    context.fillStyle = tones.line;
    for (let block = from; block <= scale.head; block++)
      context.fillRect(xOf(scale, block) + COLUMN_PX / 2 - 0.5, top, 1, scale.height - top);
    const own = rowsByWho(picture.rows, from);
    devices.forEach((device, index) => {
      const y = TOP + index * scale.pitch;
      for (const stretch of stretchesOf(device.trace, scale.first, scale.head + 1))
        if (stretch.to > from - 1) this.paintStretch(picture, stretch, y);
      for (const row of own.get(device.name) ?? []) this.paintEvent(picture, row, y);
    });
    context.restore();
  }

  /** Whole pixels only: so it looks the same wherever its painting began. */
  private paintStretch({ scale, newest, tones }: SignalPicture, stretch: Stretch, y: number): void {
    const { context } = this;
    const isHigh = (revision: number | undefined) => revision !== undefined && revision > 0 && revision === newest;
    const level = (revision: number) => Math.round(y + scale.pitch * (isHigh(revision) ? 0.2 : 0.65));
    const [from, to] = [xOf(scale, stretch.from), xOf(scale, stretch.to)].map(Math.round) as [number, number];
    const at = level(stretch.revision);
    const look = stretch.revision === 0 ? 'none' : stretch.state;
    const broad = look === 'changing' && scale.pitch >= NAME_PX ? 3 : 2;
    context.fillStyle = lineTone(look, tones);
    for (const [left, right, down] of piecesOf(look, from, to, scale)) {
      context.fillRect(left, at + down, right - left, down > 0 ? 1 : broad);
      if (down === 0) continue;
      context.fillRect(left - 1, at, 1, down);
      context.fillRect(right, at, 1, down);
    }
    const before = stretch.before === undefined ? at : level(stretch.before);
    context.fillRect(from - 1, Math.min(before, at), 2, Math.abs(before - at) + 2);
    const isNamed = scale.pitch >= NAME_PX && stretch.revision > 0 && stretch.begins && stretch.revision !== stretch.before;
    if (!isNamed || to - from <= 24) return;
    context.fillStyle = textTone(stretch.state, tones);
    context.font = `11px ${tones.font}`;
    context.textAlign = 'left';
    context.fillText(`r${stretch.revision}`, from + 4, isHigh(stretch.revision) ? y + 16 : y + 10);
  }

  /** What a device itself wrote to the ledger, on its line. */
  private paintEvent({ scale, tones }: SignalPicture, { block, state }: LedgerRow, y: number): void {
    const { context } = this;
    const size = Math.min(10, scale.pitch * 0.75);
    context.save();
    context.translate(xOf(scale, block) + (COLUMN_PX - size) / 2, y + (scale.pitch - size) / 2);
    context.scale(size / 16, size / 16);
    context.setLineDash([]);
    context.strokeStyle = tones.page;
    if (state === 'offline') {
      context.beginPath();
      context.setLineDash([...RING.dashes]);
      context.lineDashOffset = RING.offset;
      context.lineWidth = RING.width;
      context.strokeStyle = tones['offline-mark'];
      context.arc(8, 8, RING.radius, 0, Math.PI * 2);
      context.stroke();
    } else {
      const shape = shapes.get(state) ?? new Path2D(SHAPES[state]);
      shapes.set(state, shape);
      context.lineWidth = 2.5;
      context.stroke(shape);
      context.fillStyle = state === 'neutral' ? tones.ink : tones[`${state}-mark`];
      context.fill(shape, 'evenodd');
    }
    context.restore();
  }

  /** The row of blocks above: filled where something happened, numbered at every fifth and at the head. */
  private paintBlocks({ scale, rows, tones }: SignalPicture): void {
    const { context } = this;
    const busy = busyBlocks(rows, scale.first);
    context.clearRect(LEFT - 8, 0, scale.width, TOP - 8);
    context.textAlign = 'center';
    for (let block = scale.first; block <= scale.head; block++) {
      const middle = xOf(scale, block) + COLUMN_PX / 2;
      context.beginPath();
      context.roundRect(middle - 5, 24, 10, 10, 2);
      context.fillStyle = busy.has(block) ? tones.ink2 : tones.page;
      context.strokeStyle = busy.has(block) ? tones.ink2 : tones.line2;
      context.lineWidth = 1.4;
      context.setLineDash([]);
      context.fill();
      context.stroke();
      const isHead = block === scale.head;
      if (!isHead && (block % 5 !== 0 || scale.head - block < 2)) continue;
      context.fillStyle = isHead ? tones.ink : tones.ink3;
      context.font = `${isHead ? '600 ' : ''}11.5px ${tones.font}`;
      context.fillText(String(block), middle, 14);
    }
  }

  /** The name at the left end of a line and the device's head at the right, where they changed. */
  private paintEnds({ scale, devices, chosen, tones }: SignalPicture): void {
    const { context, painted } = this;
    const isSame = (device: DeviceView, index: number) => {
      const before = painted?.devices[index];
      const wasChosen = painted?.chosen === device.name;
      return before?.name === device.name && before.head === device.head && wasChosen === (chosen === device.name);
    };
    const height = scale.every * scale.pitch;
    devices.forEach((device, index) => {
      const mayStand = index % scale.every === 0;
      if (!mayStand || isSame(device, index)) return;
      const y = TOP + index * scale.pitch;
      const isChosen = device.name === chosen;
      const base = y + Math.max(9, scale.pitch * 0.7);
      context.clearRect(0, y - 2, LEFT - 2, height);
      context.clearRect(scale.right + 6, y - 2, scale.width - scale.right - 6, height);
      context.textAlign = 'left';
      context.font = `${isChosen ? '600 ' : ''}12px ${tones.font}`;
      context.fillStyle = isChosen ? tones.chosen : tones.ink2;
      context.fillText(device.name, 0, base);
      context.font = `12px ${tones.font}`;
      context.fillStyle = tones.ink3;
      context.fillText(String(device.head), scale.right + 8, base);
    });
  }
}

/** From which block on the drawing has become different; minus infinity: all of it, anew. */
function dirtyFrom(before: SignalPicture, after: SignalPicture): number {
  const blocks = after.scale.head - before.scale.head;
  const isOther =
    before.ratio !== after.ratio ||
    before.tones !== after.tones ||
    before.newest !== after.newest ||
    before.devices.length !== after.devices.length ||
    before.scale.width !== after.scale.width ||
    // Until it is full it grows to the right.
    before.scale.right !== after.scale.right ||
    before.scale.height !== after.scale.height;
  const canShift = Number.isInteger(COLUMN_PX * after.ratio) && Number.isInteger(after.scale.left * after.ratio);
  if (isOther || blocks < 0 || after.scale.first > before.scale.head || (blocks > 0 && !canShift))
    return Number.NEGATIVE_INFINITY;
  // What happened in the block that was the head is spread anew over its column, and may have become more.
  let from = blocks > 0 ? before.scale.head : Number.POSITIVE_INFINITY;
  after.devices.forEach(({ trace }, index) => {
    from = Math.min(from, firstDifference(before.devices[index]!.trace, trace));
  });
  const last = before.rows.at(-1);
  if (after.rows.at(-1) !== last) from = Math.min(from, last?.block ?? 0);
  return from;
}

/** The block of the first point that is in one trace alone; of the head's block also those that were there. */
function firstDifference(before: DeviceView['trace'], after: DeviceView['trace']): number {
  if (before === after) return Number.POSITIVE_INFINITY;
  // A full trace forgets its oldest points, which stay as they were painted.
  const skipped = before.findIndex(({ block }) => block >= (after[0]?.block ?? 0));
  const old = skipped > 0 ? before.slice(skipped) : before;
  for (let index = 0; index < Math.max(old.length, after.length); index++) {
    const [one, two] = [old[index], after[index]];
    if (one?.block === two?.block && one?.revision === two?.revision && one?.state === two?.state) continue;
    return Math.min(one?.block ?? Number.POSITIVE_INFINITY, two?.block ?? Number.POSITIVE_INFINITY);
  }
  return Number.POSITIVE_INFINITY;
}

/** Rows of the blocks from one on, by whose doing they were. */
function rowsByWho(rows: readonly LedgerRow[], from: number): ReadonlyMap<string, readonly LedgerRow[]> {
  const byWho = new Map<string, LedgerRow[]>();
  for (let index = rows.length - 1; index >= 0 && rows[index]!.block >= from; index--) {
    const row = rows[index]!;
    const own = byWho.get(row.who);
    if (own) own.push(row);
    else byWho.set(row.who, [row]);
  }
  return byWho;
}

function busyBlocks(rows: readonly LedgerRow[], from: number): ReadonlySet<number> {
  const busy = new Set<number>();
  for (let index = rows.length - 1; index >= 0 && rows[index]!.block >= from; index--) busy.add(rows[index]!.block);
  return busy;
}

type Piece = readonly [left: number, right: number, down: number];

/** On and off, in pixels, of lines that are broken. */
const DASHES: { readonly [look: string]: readonly [on: number, off: number] } = { offline: [2, 4], none: [1, 5] };
/** How far the dips of a failing line go, which tell it from others without its colour. */
const DIP = { every: COLUMN_PX / 2, from: 4, to: 8, down: 4 } as const;

/** A line in pieces: whole, dashed, or with square dips. Where dashes and dips are follows from the block alone. */
function piecesOf(look: string, from: number, to: number, { right, head, pitch }: Scale): Piece[] {
  const dash = DASHES[look];
  if (!dash && look !== 'failed') return [[from, to, 0]];
  const every = dash ? dash[0] + dash[1] : DIP.every;
  const zero = right - (head + 1) * COLUMN_PX;
  const pieces: Piece[] = [];
  const first = zero + Math.floor((from - zero) / every) * every;
  const clipped = (left: number, end: number, down: number) => {
    if (Math.max(left, from) < Math.min(end, to)) pieces.push([Math.max(left, from), Math.min(end, to), down]);
  };
  for (let x = first; x < to; x += every) {
    if (dash) clipped(x, x + dash[0], 0);
    else {
      const isDip = x + DIP.from >= from && x + DIP.to <= to;
      clipped(x, x + (isDip ? DIP.from : every), 0);
      if (!isDip) continue;
      pieces.push([x + DIP.from, x + DIP.to, Math.min(DIP.down, Math.floor(pitch / 2))]);
      clipped(x + DIP.to, x + every, 0);
    }
  }
  return pieces;
}

function lineTone(look: string, tones: Tones): string {
  if (look === 'none') return tones.line2;
  return look === 'healthy' ? tones.ink2 : tones[`${look as Exclude<ViewState, 'healthy'>}-mark`];
}

function textTone(state: ViewState, tones: Tones): string {
  return state === 'changing' || state === 'failed' ? tones[state] : tones.ink3;
}
