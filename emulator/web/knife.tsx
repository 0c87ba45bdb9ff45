import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { cuttables } from './cuttables.ts';
import { useView } from './hands.ts';
import { crossing } from './rope.ts';

interface Spot {
  readonly x: number;
  readonly y: number;
  readonly atMs: number;
}

/** The trace of the blade is seen for so long. */
const TRACE_MS = 160;
const BLADE_PX = 7;
const SPARKS = 7;
const SPARK_MS = 420;

/** The place in which cables can be cut by drawing a blade across them. */
export function Knife({ children }: { children: ComponentChildren }) {
  const view = useView();
  const layer = useRef<SVGSVGElement>(null);
  const spots = useRef<Spot[]>([]);
  const holds = useRef(false);
  const hasCut = useRef(false);
  const isCutting = view.tool === 'cut';

  const down = (event: PointerEvent) => {
    if (!isCutting || event.button !== 0) return;
    holds.current = true;
    hasCut.current = false;
    spots.current = [spotOf(event)];
  };
  const move = (event: PointerEvent) => {
    if (!holds.current) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const one of events.length > 0 ? events : [event])
      if (follow(spotOf(one), spots.current, layer.current)) hasCut.current = true;
    fade(layer.current, spots.current);
  };
  const up = () => {
    holds.current = false;
  };
  // A stroke that ends where it began is a click too, which would mend what it has just cut.
  const click = (event: Event) => {
    if (hasCut.current) event.stopPropagation();
    hasCut.current = false;
  };
  return (
    <div
      class={isCutting ? 'stage cutting' : 'stage'}
      onPointerDown={down}
      onPointerMove={move}
      onPointerUp={up}
      onClickCapture={click}
      onPointerLeave={up}
    >
      {children}
      <svg class="blade" ref={layer} aria-hidden="true">
        <path />
      </svg>
    </div>
  );
}

const spotOf = ({ clientX, clientY }: PointerEvent): Spot => ({ x: clientX, y: clientY, atMs: performance.now() });

/** Whether the blade went through something. */
function follow(spot: Spot, spots: Spot[], layer: SVGSVGElement | null): boolean {
  const before = spots.at(-1);
  spots.push(spot);
  if (!before) return false;
  let hasCut = false;
  for (const { path, cut } of cuttables()) {
    const share = crossing(path, [before.x, before.y], [spot.x, spot.y]);
    if (share === undefined) continue;
    hasCut = true;
    const [dx, dy] = [spot.x - before.x, spot.y - before.y];
    cut(share, Math.max(-4, Math.min(4, dx / 4 || 1.5)));
    sparkle(layer, spot, Math.atan2(dy, dx));
  }
  return hasCut;
}

/** A blade: thin where it was, broad where it is. It fades by itself. */
function fade(layer: SVGSVGElement | null, spots: Spot[]): void {
  const nowMs = performance.now();
  while (spots[0] && nowMs - spots[0].atMs > TRACE_MS) spots.shift();
  const path = layer?.querySelector('path');
  if (!layer || !path) return;
  const { left, top } = layer.getBoundingClientRect();
  path.setAttribute('d', bladeOf(spots.map(({ x, y }) => [x - left, y - top] as const)));
  if (spots.length > 1) requestAnimationFrame(() => fade(layer, spots));
}

function bladeOf(points: readonly (readonly [number, number])[]): string {
  if (points.length < 2) return '';
  const sides = points.map(([x, y], index) => {
    const [beforeX, beforeY] = points[Math.max(0, index - 1)]!;
    const [nextX, nextY] = points[Math.min(points.length - 1, index + 1)]!;
    const length = Math.hypot(nextX - beforeX, nextY - beforeY) || 1;
    const half = (BLADE_PX / 2) * (index / (points.length - 1));
    const [nx, ny] = [(-(nextY - beforeY) / length) * half, ((nextX - beforeX) / length) * half];
    return { there: `${(x + nx).toFixed(1)} ${(y + ny).toFixed(1)}`, back: `${(x - nx).toFixed(1)} ${(y - ny).toFixed(1)}` };
  });
  return `M${sides.map(({ there }) => there).join('L')}L${sides
    .reverse()
    .map(({ back }) => back)
    .join('L')}Z`;
}

/** Bits of copper fly from where the blade went through. */
function sparkle(layer: SVGSVGElement | null, { x, y }: Spot, angle: number): void {
  if (!layer || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
  const { left, top } = layer.getBoundingClientRect();
  for (let index = 0; index < SPARKS; index++) {
    const spark = document.createElementNS('http://www.w3.org/2000/svg', 'circle');
    const turn = angle + ((index - SPARKS / 2) / SPARKS) * 2.4;
    const far = 14 + ((index * 37) % 17);
    spark.setAttribute('class', 'spark');
    spark.setAttribute('r', index % 2 ? '1.6' : '1.1');
    spark.setAttribute('cx', String(x - left));
    spark.setAttribute('cy', String(y - top));
    layer.append(spark);
    const to = `translate(${Math.cos(turn) * far}px, ${Math.sin(turn) * far + 12}px)`;
    const flight = spark.animate(
      [
        { transform: 'none', opacity: 1 },
        { transform: to, opacity: 0 },
      ],
      { duration: SPARK_MS, easing: 'ease-out' },
    );
    flight.onfinish = () => spark.remove();
  }
}
