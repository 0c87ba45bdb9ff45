/** A cable as a chain of points that hang on each other (Verlet integration). Positions in pixels, y downwards. */
export interface Rope {
  readonly points: Point[];
  /** The length of each link at rest. */
  readonly link: number;
  /** The point that does not move. */
  readonly anchor: number;
}

export interface Point {
  x: number;
  y: number;
  beforeX: number;
  beforeY: number;
}

const GRAVITY = 2400;
/** Of its speed, what is left after a step. */
const DAMPING = 0.985;
const ROUNDS = 14;
const STEP_S = 1 / 120;
/** Slower than this, in pixels a step, it counts as still. */
const STILL = 0.02;

/** Where a cable runs that hangs between two ends: a slack curve with as many points as asked for. */
export function hanging(
  width: number,
  height: number,
  sway: number,
  count: number,
): readonly (readonly [x: number, y: number])[] {
  return Array.from({ length: count }, (_, index) => {
    const t = index / (count - 1);
    return [width / 2 + Math.sin(t * Math.PI * 2) * sway, t * height] as const;
  });
}

/** The two ropes that a cut leaves: the upper hangs on its first point, the lower on its last, and the cut throws them apart. */
export function cutAt(path: readonly (readonly [number, number])[], share: number, throwX: number): readonly [Rope, Rope] {
  const at = Math.max(2, Math.min(path.length - 2, Math.round(share * (path.length - 1))));
  const upper = ropeOf(path.slice(0, at + 1), 'first');
  const lower = ropeOf(path.slice(at), 'last');
  kick(upper.points.at(-1)!, throwX, -1.6);
  kick(lower.points[0]!, -throwX, -2.4);
  return [upper, lower];
}

function ropeOf(path: readonly (readonly [number, number])[], anchor: 'first' | 'last'): Rope {
  const points = path.map(([x, y]) => ({ x, y, beforeX: x, beforeY: y }));
  const lengths = points.slice(1).map((point, index) => Math.hypot(point.x - points[index]!.x, point.y - points[index]!.y));
  const link = lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, lengths.length);
  return { points, link, anchor: anchor === 'first' ? 0 : points.length - 1 };
}

function kick(point: Point, x: number, y: number): void {
  point.beforeX = point.x - x;
  point.beforeY = point.y - y;
}

/** Lets time pass. Answers whether the rope still moves. Nothing falls below the floor, on which it comes to lie. */
export function advance(rope: Rope, seconds: number, floor: number): boolean {
  let moves = 0;
  for (let left = seconds; left > 0; left -= STEP_S) moves = step(rope, floor);
  return moves > STILL;
}

function step({ points, link, anchor }: Rope, floor: number): number {
  let moves = 0;
  points.forEach((point, index) => {
    if (index === anchor) return;
    const [dx, dy] = [(point.x - point.beforeX) * DAMPING, (point.y - point.beforeY) * DAMPING];
    moves = Math.max(moves, Math.abs(dx), Math.abs(dy));
    point.beforeX = point.x;
    point.beforeY = point.y;
    point.x += dx;
    point.y += dy + GRAVITY * STEP_S * STEP_S;
  });
  for (let round = 0; round < ROUNDS; round++) {
    for (let index = 1; index < points.length; index++) pull(points, index, link, anchor);
    for (const [index, point] of points.entries()) if (index !== anchor) lie(point, floor);
  }
  return moves;
}

function pull(points: readonly Point[], index: number, link: number, anchor: number): void {
  const [a, b] = [points[index - 1]!, points[index]!];
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const distance = Math.hypot(dx, dy) || 1e-6;
  const share = (distance - link) / distance;
  const weightA = index - 1 === anchor ? 0 : index === anchor ? 1 : 0.5;
  a.x += dx * share * weightA;
  a.y += dy * share * weightA;
  b.x -= dx * share * (1 - weightA);
  b.y -= dy * share * (1 - weightA);
}

/** On the floor it slides to a stop. */
function lie(point: Point, floor: number): void {
  if (point.y <= floor) return;
  point.y = floor;
  point.beforeX = point.x - (point.x - point.beforeX) * 0.6;
}

/** A smooth path through points, for SVG. */
export function pathOf(points: readonly { readonly x: number; readonly y: number }[]): string {
  const [first, ...rest] = points;
  if (!first) return '';
  const parts = [`M${round(first.x)} ${round(first.y)}`];
  rest.forEach((point, index) => {
    const next = rest[index + 1];
    const [x, y] = next ? [(point.x + next.x) / 2, (point.y + next.y) / 2] : [point.x, point.y];
    parts.push(`Q${round(point.x)} ${round(point.y)} ${round(x)} ${round(y)}`);
  });
  return parts.join('');
}

const round = (value: number): number => Math.round(value * 10) / 10;

type Spot = readonly [x: number, y: number];

/** Where a stroke crosses a path, as a share of the path from its beginning; `undefined` if it does not. */
export function crossing(path: readonly Spot[], from: Spot, to: Spot): number | undefined {
  for (let index = 1; index < path.length; index++) {
    const share = meets(path[index - 1]!, path[index]!, from, to);
    if (share !== undefined) return (index - 1 + share) / (path.length - 1);
  }
  return undefined;
}

function meets([ax, ay]: Spot, [bx, by]: Spot, [cx, cy]: Spot, [dx, dy]: Spot): number | undefined {
  const cross = (bx - ax) * (dy - cy) - (by - ay) * (dx - cx);
  if (cross === 0) return undefined;
  const t = ((cx - ax) * (dy - cy) - (cy - ay) * (dx - cx)) / cross;
  const u = ((cx - ax) * (by - ay) - (cy - ay) * (bx - ax)) / cross;
  return t >= 0 && t <= 1 && u >= 0 && u <= 1 ? t : undefined;
}
