import { memo } from 'preact/compat';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { CableState, DeviceView } from '../protocol.ts';
import { useCuttable } from './cuttables.ts';
import { useHands } from './hands.ts';
import { advance, cutAt, hanging, pathOf, type Rope } from './rope.ts';

const WIDTH = 120;
const HEIGHT = 52;
const POINTS = 15;
/** What was done here counts until the emulator has said the same, or so long. */
const PENDING_MS = 2000;
const SNAP_MS = 220;
const FAST = 8;

interface Props {
  readonly device: DeviceView;
  readonly site: string;
}

type Spots = readonly (readonly [number, number])[];

/** The cable of a device: a switch, which a knife can cut. Its cut ends fall as ropes do, and snap together when mended. */
export function Cable({ device, site }: Props) {
  const { ask } = useHands();
  const [isCut, set] = usePending(device.cable === 'cut');
  const svg = useRef<SVGSVGElement>(null);
  const rest = hanging(WIDTH, HEIGHT, swayOf(device.name), POINTS);
  const ropes = useRopes(svg, isCut, rest);
  const cut = (share = 0.5, throwX = 2) => {
    ropes.cut(share, throwX);
    set(true);
    void ask({ do: 'cable', device: device.name, cut: true });
  };
  const mend = () => {
    set(false);
    void ask({ do: 'cable', device: device.name, cut: false });
  };
  useCuttable(device.name, svg, { path: rest, width: WIDTH, height: HEIGHT, isCut, cut });
  return (
    <button
      type="button"
      role="switch"
      aria-checked={!isCut}
      aria-label={`Cable of ${device.name}${site ? ` to ${site}` : ''}`}
      title={isCut ? `Mend the cable of ${device.name}` : `Cut the cable of ${device.name}`}
      class={`cable ${isCut ? 'cut' : device.cable}`}
      onClick={() => (isCut ? mend() : cut())}
    >
      <svg ref={svg} width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
        <rect class={isCut ? 'port dead' : 'port'} x={WIDTH / 2 - 11} y={HEIGHT - 6} width="22" height="9" rx="2" />
        <path class="reach" d={pathOf(rest.map(([x, y]) => ({ x, y })))} />
        <path class="wire upper" />
        <path class="wire lower" />
        <path class="fray upper" />
        <path class="fray lower" />
        {!isCut && <Packet rest={rest} isDown={device.sequencer} head={device.head} />}
      </svg>
    </button>
  );
}

/** A block travels out of the sequencer's cable, and into another's when it arrives there. */
function Packet({ rest, isDown, head }: { rest: Spots; isDown: boolean; head: number }) {
  const { clock } = useHands().now();
  if (clock.paused || clock.speed === 'max' || clock.speed > FAST) return null;
  const path = pathOf(rest.map(([x, y]) => ({ x, y })));
  return <circle key={head} class={isDown ? 'packet down' : 'packet up'} r="3.2" style={{ offsetPath: `path("${path}")` }} />;
}

/** Every cable hangs a little differently, always the same way. */
function swayOf(name: string): number {
  const sum = [...name].reduce((total, character) => total + character.charCodeAt(0) * 7, 0);
  return (sum % 11) - 5;
}

function usePending(actual: boolean): [boolean, (value: boolean) => void] {
  const [own, setOwn] = useState<boolean | undefined>();
  useEffect(() => {
    if (own === undefined) return undefined;
    if (own === actual) setOwn(undefined);
    const timer = setTimeout(() => setOwn(undefined), PENDING_MS);
    return () => clearTimeout(timer);
  }, [own, actual]);
  return [own ?? actual, setOwn];
}

const isStill = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches;

/** Draws the cable into its SVG: one line while it is whole, two ropes in motion when it is not. */
function useRopes(svg: { current: SVGSVGElement | null }, isCut: boolean, rest: Spots) {
  const ropes = useRef<readonly [Rope, Rope] | undefined>(undefined);
  const frame = useRef(0);
  const stop = () => cancelAnimationFrame(frame.current);

  const fall = () => {
    stop();
    let beforeMs = performance.now();
    const next = () => {
      const nowMs = performance.now();
      const seconds = Math.min(0.05, (nowMs - beforeMs) / 1000);
      beforeMs = nowMs;
      const [upper, lower] = ropes.current!;
      const moves = [advance(upper, seconds, HEIGHT - 8), advance(lower, seconds, HEIGHT - 2)];
      drawRopes(svg.current, upper, lower);
      if (moves.some(Boolean)) frame.current = requestAnimationFrame(next);
    };
    frame.current = requestAnimationFrame(next);
  };

  const settle = () => {
    const [upper, lower] = ropes.current!;
    for (let tenths = 0; tenths < 30; tenths++) for (const rope of [upper, lower]) advance(rope, 0.1, HEIGHT - 4);
    drawRopes(svg.current, upper, lower);
  };

  const cut = (share: number, throwX: number) => {
    ropes.current = cutAt(rest, share, throwX);
    if (isStill()) settle();
    else fall();
  };

  useLayoutEffect(() => {
    if (isCut && !ropes.current) {
      ropes.current = cutAt(rest, 0.42, 1.5);
      settle();
    }
    if (isCut) return;
    const loose = ropes.current;
    ropes.current = undefined;
    stop();
    if (loose && !isStill()) snap(svg, loose, rest, frame);
    else drawWhole(svg.current, rest);
  }, [isCut]);
  useEffect(() => stop, []);

  return { cut };
}

/** The ends fly to where they belong. */
function snap(
  svg: { current: SVGSVGElement | null },
  [upper, lower]: readonly [Rope, Rope],
  rest: Spots,
  frame: { current: number },
): void {
  const from = [...upper.points, ...lower.points.slice(1)].map(({ x, y }) => [x, y] as const);
  const startMs = performance.now();
  const next = () => {
    const t = Math.min(1, (performance.now() - startMs) / SNAP_MS);
    const eased = 1 - (1 - t) ** 3;
    drawWhole(
      svg.current,
      rest.map(([x, y], index) => {
        const [fromX, fromY] = from[index] ?? [x, y];
        return [fromX + (x - fromX) * eased, fromY + (y - fromY) * eased] as const;
      }),
    );
    if (t < 1) frame.current = requestAnimationFrame(next);
  };
  next();
}

function drawWhole(svg: SVGSVGElement | null, spots: Spots): void {
  draw(svg, '.wire.upper', pathOf(spots.map(([x, y]) => ({ x, y }))));
  for (const part of ['.wire.lower', '.fray.upper', '.fray.lower']) draw(svg, part, '');
}

function drawRopes(svg: SVGSVGElement | null, upper: Rope, lower: Rope): void {
  draw(svg, '.wire.upper', pathOf(upper.points));
  draw(svg, '.wire.lower', pathOf(lower.points));
  draw(svg, '.fray.upper', frayed(upper.points.at(-1)!, upper.points.at(-2)!));
  draw(svg, '.fray.lower', frayed(lower.points[0]!, lower.points[1]!));
}

function draw(svg: SVGSVGElement | null, part: string, path: string): void {
  svg?.querySelector(part)?.setAttribute('d', path);
}

/** Three strands that stand out of a cut end. */
function frayed(end: { x: number; y: number }, before: { x: number; y: number }): string {
  const angle = Math.atan2(end.y - before.y, end.x - before.x);
  return [-0.7, 0, 0.7]
    .map(
      (turn) =>
        `M${end.x.toFixed(1)} ${end.y.toFixed(1)}l${(Math.cos(angle + turn) * 6).toFixed(1)} ${(Math.sin(angle + turn) * 6).toFixed(1)}`,
    )
    .join('');
}

/** A cable among many: a short switch. */
export const Stub = memo(StubSwitch, (before, after) => before.device.cable === after.device.cable);

function StubSwitch({ device, site }: { device: DeviceView; site: string }) {
  const { ask } = useHands();
  const [isCut, set] = usePending(device.cable === 'cut');
  return (
    <button
      type="button"
      role="switch"
      aria-checked={!isCut}
      aria-label={`Cable of ${device.name} to ${site}`}
      class={isCut ? 'stub cut' : `stub ${device.cable}`}
      onClick={() => {
        set(!isCut);
        void ask({ do: 'cable', device: device.name, cut: !isCut });
      }}
    >
      <i />
    </button>
  );
}

/** The cable between two sites: two lines, a switch too. */
export function Trunk({
  site,
  names,
  state,
  delayMs,
  isSmall,
}: {
  site: number;
  names: readonly [string, string];
  state: CableState;
  /** How long a message takes from one site to the other. */
  delayMs: number | undefined;
  isSmall?: boolean;
}) {
  const { ask } = useHands();
  const [isCut, set] = usePending(state === 'cut');
  const svg = useRef<SVGSVGElement>(null);
  const change = (cut: boolean) => {
    set(cut);
    void ask({ do: 'trunk', site, cut });
  };
  const path: Spots = [
    [0, 13],
    [32, 13],
    [64, 13],
  ];
  useCuttable(`trunk ${site}`, svg, { path, width: 64, height: 26, isCut, cut: () => change(true) });
  return (
    <button
      type="button"
      role="switch"
      aria-checked={!isCut}
      aria-label={`Trunk between ${names[0]} and ${names[1]}${delayMs ? `, ${delayMs} ms` : ''}`}
      title={`${isCut ? 'Mend' : 'Cut'} the trunk between ${names[0]} and ${names[1]}`}
      class={`trunk ${isCut ? 'cut' : state}${isSmall ? ' small' : ''}`}
      onClick={() => change(!isCut)}
    >
      {isSmall && <span>{names[1]}</span>}
      <em>{isCut ? 'cut' : delayMs ? `${delayMs} ms` : ''}</em>
      <svg ref={svg} width="64" height="26" viewBox="0 0 64 26" preserveAspectRatio="none" aria-hidden="true">
        {isCut ? (
          <>
            <path class="wire" d="M0 10h18q5 0 6 5M64 10H45q-5 0-7 4M0 16h16q6 0 6 7M64 16H47q-6 0-6 7" />
            <path class="fray" d="M24 15l4 3M24 15l1 5M38 14l-4 2M38 14l0 5M22 23l4 2M41 23l-4 1" />
          </>
        ) : (
          <path class="wire" d="M0 10H64M0 16H64" />
        )}
      </svg>
    </button>
  );
}
