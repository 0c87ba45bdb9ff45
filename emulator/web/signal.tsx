import { useEffect, useRef, useState } from 'preact/hooks';
import type { DeviceView, LedgerRow, Snapshot } from '../protocol.ts';
import { Shape } from './marks.tsx';
import { notched, type Stretch, stretchesOf } from './trace.ts';

const LEFT = 68;
const RIGHT = 62;
const TOP = 44;
const COLUMN_PX = 26;
const HIGH = 5;
const LOW = 14;

interface Props {
  readonly snapshot: Snapshot;
  readonly chosen: string | undefined;
  readonly block: number | undefined;
  readonly point: (block: number | undefined) => void;
}

/** One line per device, high while it runs the newest revision, over the blocks; now is the right edge. */
export function Signal({ snapshot, chosen, block, point }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const { devices, head, release, ledger } = snapshot;
  const pitch = devices.length <= 8 ? 20 : 12;
  const height = TOP + devices.length * pitch + 6;
  const columns = Math.max(4, Math.floor((width - LEFT - RIGHT) / COLUMN_PX));
  const first = Math.max(0, head.number + 1 - columns);
  const xOf = (at: number) => LEFT + (at - first) * COLUMN_PX;
  const now = xOf(Math.max(head.number + 1, first + Math.min(columns, 2)));
  const blocks = Array.from({ length: head.number + 1 - first }, (_, index) => first + index);
  const busy = new Set(ledger.map((row) => row.block));
  return (
    <div class="signal" ref={frame}>
      <svg
        width={width}
        height={height}
        role="img"
        aria-label={`What ${devices.length} devices ran from block ${first} to ${head.number}; the events below say it in words`}
      >
        {blocks.map((number) => (
          <g
            key={number}
            class={block === number ? 'column pointed' : 'column'}
            onPointerEnter={() => point(number)}
            onPointerLeave={() => point(undefined)}
          >
            <rect class="hit" x={xOf(number)} y="14" width={COLUMN_PX} height={height - 14} />
            <line class="grid" x1={xOf(number) + COLUMN_PX / 2} x2={xOf(number) + COLUMN_PX / 2} y1="36" y2={height} />
            <rect
              class={busy.has(number) ? 'cube busy' : 'cube'}
              x={xOf(number) + COLUMN_PX / 2 - 5}
              y="24"
              width="10"
              height="10"
              rx="2"
            />
            {(number % 5 === 0 || number === head.number || number === block) && (
              <text
                class={number === head.number ? 'number head' : 'number'}
                x={xOf(number) + COLUMN_PX / 2}
                y="14"
                text-anchor="middle"
              >
                {number % 5 === 0 && head.number - number === 1 ? '' : number}
              </text>
            )}
          </g>
        ))}
        <line class="edge" x1={now} x2={now} y1="20" y2={height} />
        {devices.map((device, index) => (
          <g key={device.name} transform={`translate(0 ${TOP + index * pitch})`} class={device.name === chosen ? 'chosen' : ''}>
            {(pitch >= 20 || index % 2 === 0) && (
              <text class="name" x="0" y="14">
                {device.name}
              </text>
            )}
            <Line
              stretches={stretchesOf(device.trace, first, (now - LEFT) / COLUMN_PX + first)}
              newest={release?.revision}
              xOf={xOf}
            />
            <Votes rows={ledger} device={device} first={first} xOf={xOf} />
            <text class="at" x={now + 8} y="14">
              {device.head}
            </text>
          </g>
        ))}
      </svg>
    </div>
  );
}

interface LineProps {
  readonly stretches: readonly Stretch[];
  readonly newest: number | undefined;
  readonly xOf: (block: number) => number;
}

function Line({ stretches, newest, xOf }: LineProps) {
  const levelOf = ({ revision }: Stretch) => (revision > 0 && revision === newest ? HIGH : LOW);
  return (
    <>
      {stretches.map((stretch, index) => {
        const y = levelOf(stretch);
        const before = stretches[index - 1];
        const [from, to] = [xOf(stretch.from), xOf(stretch.to)];
        const riser = before && levelOf(before) !== y ? `M${from} ${levelOf(before)}V${y}` : '';
        const level = stretch.state === 'failed' ? notched(from, to, y) : `M${from} ${y}H${to}`;
        const isNew = stretch.revision > 0 && stretch.revision !== before?.revision;
        return (
          <g key={`${stretch.from}`} class={`line ${stretch.revision === 0 ? 'none' : stretch.state}`}>
            <path d={riser + level} />
            {isNew && to - from > 24 && (
              <text x={from + 4} y={y === HIGH ? 16 : 10}>
                r{stretch.revision}
              </text>
            )}
          </g>
        );
      })}
    </>
  );
}

/** The device's own events, on its line. */
function Votes({
  rows,
  device,
  first,
  xOf,
}: {
  rows: readonly LedgerRow[];
  device: DeviceView;
  first: number;
  xOf: (block: number) => number;
}) {
  return (
    <>
      {rows
        .filter((row) => row.who === device.name && row.block >= first)
        .map((row) => (
          <g
            key={`${row.block}.${row.index}`}
            class={`event ${row.state}`}
            transform={`translate(${xOf(row.block) + COLUMN_PX / 2 - 5} 5) scale(.625)`}
          >
            <title>{`block ${row.block}: ${row.text}`}</title>
            <Shape state={row.state} />
          </g>
        ))}
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
