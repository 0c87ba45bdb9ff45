import { memo } from 'preact/compat';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { DeviceView, LedgerRow, Snapshot } from '../protocol.ts';
import { useHands } from './hands.ts';
import { Shape } from './marks.tsx';
import { notched, type Stretch, stretchesOf } from './trace.ts';

const LEFT = 68;
const RIGHT = 62;
const TOP = 44;
const COLUMN_PX = 26;
/** Pixels for one device's line: fewer, the more devices there are. */
const PITCH = { least: 5, most: 20, together: 208 };
const NAME_PX = 14;

interface Props {
  readonly snapshot: Snapshot;
  readonly chosen: string | undefined;
  readonly block: number | undefined;
  readonly point: (block: number | undefined) => void;
  /** Keeps a block pointed at, or lets it go. */
  readonly pin: (block: number) => void;
}

/** Where blocks and devices are on the drawing. */
interface Scale {
  /** First block that is drawn. */
  readonly first: number;
  /** The right edge of the signal, in blocks. */
  readonly now: number;
  readonly x: (block: number) => number;
  readonly pitch: number;
  readonly high: number;
  readonly low: number;
  readonly height: number;
}

/** One line per device, high while it runs the newest revision, over the blocks; now is the right edge. */
export function Signal({ snapshot, chosen, block, point, pin }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const { devices, head } = snapshot;
  const scale = useMemo(() => scaleOf(width, devices.length, head.number), [width, devices.length, head.number]);
  const own = useMemo(() => rowsByWho(snapshot.ledger, scale.first), [snapshot.ledger, scale.first]);
  const every = Math.ceil(NAME_PX / scale.pitch);
  const text = `What ${devices.length} devices ran from block ${scale.first} to ${head.number}; the events below say it in words`;
  return (
    <div class="signal" ref={frame}>
      <svg width={width} height={scale.height} role="img" aria-label={text}>
        <Columns snapshot={snapshot} scale={scale} block={block} point={point} pin={pin} />
        {devices.map((device, index) => (
          <Track
            key={device.name}
            device={device}
            index={index}
            newest={snapshot.release?.revision}
            isChosen={device.name === chosen}
            isNamed={index % every === 0}
            own={own.get(device.name) ?? NO_ROWS}
            scale={scale}
          />
        ))}
        <Now scale={scale} head={head.number} />
      </svg>
    </div>
  );
}

const NO_ROWS: readonly LedgerRow[] = [];

/** The rows of the blocks that are drawn, by whose doing they were. */
function rowsByWho(rows: readonly LedgerRow[], first: number): ReadonlyMap<string, readonly LedgerRow[]> {
  const byWho = new Map<string, LedgerRow[]>();
  for (const row of rows) {
    if (row.block < first) continue;
    const own = byWho.get(row.who);
    if (own) own.push(row);
    else byWho.set(row.who, [row]);
  }
  return byWho;
}

interface TrackProps {
  readonly device: DeviceView;
  readonly index: number;
  readonly newest: number | undefined;
  readonly isChosen: boolean;
  readonly isNamed: boolean;
  readonly own: readonly LedgerRow[];
  readonly scale: Scale;
}

/** One device's line; drawn again only when it, or the blocks on the drawing, changed. */
const Track = memo(
  function Track({ device, index, newest, isChosen, isNamed, own, scale }: TrackProps) {
    return (
      <g class={isChosen ? 'chosen' : ''} transform={`translate(0 ${TOP + index * scale.pitch})`}>
        {isNamed && <Ends device={device} scale={scale} />}
        <Line device={device} newest={newest} scale={scale} />
        <OwnEvents rows={own} scale={scale} />
      </g>
    );
  },
  (before, after) =>
    before.scale === after.scale &&
    before.newest === after.newest &&
    before.isChosen === after.isChosen &&
    before.device.trace.length === after.device.trace.length &&
    before.device.trace.at(-1)?.block === after.device.trace.at(-1)?.block &&
    before.device.head === after.device.head &&
    before.own.length === after.own.length,
);

/** The line that is now. Drawn to the left it leads back: the world is rewound to where it is let go. */
function Now({ scale, head }: { scale: Scale; head: number }) {
  const { ask } = useHands();
  const [back, setBack] = useState<number | undefined>();
  const at = back === undefined ? scale.now : back + 1;
  const blockAt = (event: PointerEvent) => {
    const { left } = (event.currentTarget as SVGElement).ownerSVGElement!.getBoundingClientRect();
    const block = scale.first + Math.floor((event.clientX - left - LEFT) / COLUMN_PX);
    return block >= head ? undefined : Math.max(scale.first, block);
  };
  const go = () => {
    if (back !== undefined) void ask({ do: 'back', block: back });
    setBack(undefined);
  };
  const press = (event: KeyboardEvent) => {
    const moves: { readonly [key: string]: number } = { ArrowLeft: -1, ArrowRight: 1 };
    const by = moves[event.key];
    if (by === undefined && event.key !== 'Enter' && event.key !== 'Escape') return;
    event.stopPropagation();
    event.preventDefault();
    if (event.key === 'Enter') go();
    else if (by === undefined) setBack(undefined);
    else {
      const next = Math.max(scale.first, (back ?? head) + by);
      setBack(next >= head ? undefined : next);
    }
  };
  return (
    <g
      class={back === undefined ? 'now' : 'now back'}
      role="slider"
      tabIndex={0}
      aria-label="Now. Left goes back, enter rewinds"
      aria-valuemin={scale.first}
      aria-valuemax={head}
      aria-valuenow={back ?? head}
      transform={`translate(${scale.x(at)} 0)`}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={(event) => event.currentTarget.hasPointerCapture(event.pointerId) && setBack(blockAt(event))}
      onPointerUp={go}
      onKeyDown={press}
    >
      <rect class="reach" x="-9" y="14" width="18" height={scale.height - 14} />
      <line class="edge" x1="0" x2="0" y1="20" y2={scale.height} />
      <path class="grip" d="M-5 16h10v5l-5 5-5-5z" />
      {back !== undefined && (
        <text x="-10" y={scale.height - 4} text-anchor="end">
          back to {back}
        </text>
      )}
    </g>
  );
}

function scaleOf(width: number, devices: number, head: number): Scale {
  const pitch = Math.max(PITCH.least, Math.min(PITCH.most, Math.floor(PITCH.together / Math.max(1, devices))));
  const columns = Math.max(4, Math.floor((width - LEFT - RIGHT) / COLUMN_PX));
  const first = Math.max(0, head + 1 - columns);
  return {
    first,
    now: Math.max(head + 1, first + 2),
    x: (block) => LEFT + (block - first) * COLUMN_PX,
    pitch,
    high: pitch * 0.25,
    low: pitch * 0.7,
    height: TOP + devices * pitch + 6,
  };
}

interface ColumnsProps extends Omit<Props, 'chosen'> {
  readonly scale: Scale;
}

/** The blocks: filled where something happened, numbered at every fifth and at the head. */
function Columns({ snapshot, scale, block, point, pin }: ColumnsProps) {
  const head = snapshot.head.number;
  const busy = new Set(snapshot.ledger.map((row) => row.block));
  const blocks = Array.from({ length: head + 1 - scale.first }, (_, index) => scale.first + index);
  const isNumbered = (number: number) => number === head || number === block || (number % 5 === 0 && head - number > 1);
  return (
    <>
      {blocks.map((number) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: the events below say the same, and can be reached by keys
        <g
          key={number}
          class={block === number ? 'column pointed' : 'column'}
          transform={`translate(${scale.x(number)} 0)`}
          onPointerEnter={() => point(number)}
          onPointerLeave={() => point(undefined)}
          onClick={() => pin(number)}
        >
          <rect class="hit" y="14" width={COLUMN_PX} height={scale.height - 14} />
          <line class="grid" x1={COLUMN_PX / 2} x2={COLUMN_PX / 2} y1="36" y2={scale.height} />
          <rect class={busy.has(number) ? 'cube busy' : 'cube'} x={COLUMN_PX / 2 - 5} y="24" width="10" height="10" rx="2" />
          {isNumbered(number) && (
            <text class={number === head ? 'number head' : 'number'} x={COLUMN_PX / 2} y="14" text-anchor="middle">
              {number}
            </text>
          )}
        </g>
      ))}
    </>
  );
}

/** The name at the left end of a line and the device's head at the right. */
function Ends({ device, scale }: { device: DeviceView; scale: Scale }) {
  const y = Math.max(9, scale.pitch * 0.7);
  return (
    <>
      <text class="name" x="0" y={y}>
        {device.name}
      </text>
      <text class="at" x={scale.x(scale.now) + 8} y={y}>
        {device.head}
      </text>
    </>
  );
}

function Line({ device, newest, scale }: { device: DeviceView; newest: number | undefined; scale: Scale }) {
  const level = ({ revision }: Stretch) => (revision > 0 && revision === newest ? scale.high : scale.low);
  const stretches = stretchesOf(device.trace, scale.first, scale.now);
  return (
    <>
      {stretches.map((stretch, index) => {
        const before = stretches[index - 1];
        const y = level(stretch);
        const [from, to] = [scale.x(stretch.from), scale.x(stretch.to)];
        const riser = before && level(before) !== y ? `M${from} ${level(before)}V${y}` : '';
        const flat = stretch.state === 'failed' ? notched(from, to, y) : `M${from} ${y}H${to}`;
        const isNamed = scale.pitch >= NAME_PX && stretch.revision > 0 && stretch.revision !== before?.revision;
        return (
          <g key={stretch.from} class={`line ${stretch.revision === 0 ? 'none' : stretch.state}`}>
            <path d={riser + flat} />
            {isNamed && to - from > 24 && (
              <text x={from + 4} y={y === scale.high ? 16 : 10}>
                r{stretch.revision}
              </text>
            )}
          </g>
        );
      })}
    </>
  );
}

/** What the device itself wrote to the ledger, on its line. */
function OwnEvents({ rows, scale }: { rows: readonly LedgerRow[]; scale: Scale }) {
  const size = Math.min(10, scale.pitch * 0.75);
  return (
    <>
      {rows.map((row) => {
        const x = scale.x(row.block) + (COLUMN_PX - size) / 2;
        return (
          <g
            key={`${row.block}.${row.index}`}
            class={`event ${row.state}`}
            transform={`translate(${x} ${(scale.pitch - size) / 2}) scale(${size / 16})`}
          >
            <title>{`block ${row.block}: ${row.text}`}</title>
            <Shape state={row.state} />
          </g>
        );
      })}
    </>
  );
}

function useWidth(frame: { current: HTMLElement | null }): number {
  const [width, setWidth] = useState(600);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry!.contentRect.width)));
    observer.observe(frame.current!);
    return () => observer.disconnect();
  }, []);
  return width;
}
