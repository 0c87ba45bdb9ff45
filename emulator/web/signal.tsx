import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { LedgerRow, Snapshot } from '../protocol.ts';
import { useHands } from './hands.ts';
import { blockAt, COLUMN_PX, deviceAt, LEFT, type Scale, scaleOf, xOf } from './scale.ts';
import { SignalPainter } from './signal-painter.ts';
import { onTheme, type Tones, tonesAt } from './tones.ts';

interface Props {
  readonly snapshot: Pick<Snapshot, 'devices' | 'head' | 'ledger' | 'release'>;
  readonly chosen: string | undefined;
  readonly block: number | undefined;
  readonly point: (block: number | undefined) => void;
  /** Keeps a block pointed at, or lets it go. */
  readonly pin: (block: number) => void;
}

/** One line per device, high while it runs the newest revision, over the blocks; now is the right edge. */
export function Signal({ snapshot, chosen, block, point, pin }: Props) {
  const { choose } = useHands();
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const { devices, head } = snapshot;
  const scale = scaleOf(width, devices.length, head.number);
  const canvas = usePainted(frame, { snapshot, chosen, scale });
  const text = `What ${devices.length} devices ran from block ${scale.first} to ${head.number}; the events below say it in words`;
  const spotOf = (event: PointerEvent | MouseEvent) => {
    const { left, top } = canvas.current!.getBoundingClientRect();
    return { x: event.clientX - left, device: deviceAt(scale, event.clientY - top, devices.length) };
  };
  const move = (event: PointerEvent) => {
    const { x, device } = spotOf(event);
    const under = blockAt(scale, x);
    point(under);
    canvas.current!.title = titleOf(snapshot.ledger, under, device === undefined ? undefined : devices[device]?.name);
  };
  const click = (event: MouseEvent) => {
    const { x, device } = spotOf(event);
    const under = blockAt(scale, x);
    if (under !== undefined) pin(under);
    else if (x < LEFT && device !== undefined) choose(device);
  };
  return (
    <div class="signal" ref={frame} style={{ height: scale.height }}>
      {block !== undefined && block >= scale.first && block <= head.number && (
        <>
          <i class="pointed" style={{ left: xOf(scale, block), width: COLUMN_PX }} />
          <b class="pointed-number" style={{ left: xOf(scale, block) + COLUMN_PX / 2 }}>
            {block}
          </b>
        </>
      )}
      <canvas
        ref={canvas}
        role="img"
        aria-label={text}
        style={{ width, height: scale.height }}
        onPointerMove={move}
        onPointerLeave={() => point(undefined)}
        onClick={click}
      />
      <Now scale={scale} head={head.number} />
    </div>
  );
}

/** What a device did in that block, in words. */
function titleOf(rows: readonly LedgerRow[], block: number | undefined, who: string | undefined): string {
  if (block === undefined || who === undefined) return '';
  return rows
    .filter((row) => row.block === block && row.who === who)
    .map(({ text }) => `block ${block}: ${text}`)
    .join('\n');
}

/** Paints once per picture, and only while it can be seen. */
function usePainted(
  frame: { current: HTMLElement | null },
  { snapshot, chosen, scale }: Pick<Props, 'snapshot' | 'chosen'> & { scale: Scale },
) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const painter = useRef<SignalPainter | undefined>(undefined);
  const tones = useRef<Tones | undefined>(undefined);
  const isSeen = useRef(true);
  const paint = useRef(() => {});
  paint.current = () => {
    if (!isSeen.current || !canvas.current || scale.width < LEFT) return;
    painter.current ??= new SignalPainter(canvas.current);
    tones.current ??= tonesAt(frame.current!);
    const { devices, ledger: rows, release } = snapshot;
    const ratio = Math.max(1, devicePixelRatio);
    painter.current.paint({ scale, devices, rows, newest: release?.revision, chosen, tones: tones.current, ratio });
  };
  useLayoutEffect(() => paint.current());
  useEffect(() => {
    const observer = new IntersectionObserver(([entry]) => {
      isSeen.current = entry!.isIntersecting;
      paint.current();
    });
    observer.observe(canvas.current!);
    const forget = onTheme(() => {
      tones.current = undefined;
      paint.current();
    });
    return () => {
      observer.disconnect();
      forget();
    };
  }, []);
  return canvas;
}

/** The line that is now. Drawn to the left it leads back: the world is rewound to where it is let go. */
function Now({ scale, head }: { scale: Scale; head: number }) {
  const { ask } = useHands();
  const [back, setBack] = useState<number | undefined>();
  const at = back === undefined ? scale.head + 1 : back + 1;
  const under = (event: PointerEvent) => {
    const { left } = (event.currentTarget as Element).closest('.signal')!.getBoundingClientRect();
    const block = head + 1 + Math.floor((event.clientX - left - scale.right) / COLUMN_PX);
    return block >= head ? undefined : Math.max(1, scale.first, block);
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
      const next = Math.max(1, scale.first, (back ?? head) + by);
      setBack(next >= head ? undefined : next);
    }
  };
  return (
    <div
      class={back === undefined ? 'now' : 'now back'}
      role="slider"
      tabIndex={0}
      aria-label="Now. Left goes back, enter rewinds"
      aria-valuemin={scale.first}
      aria-valuemax={head}
      aria-valuenow={back ?? head}
      style={{ left: xOf(scale, at) }}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={(event) => event.currentTarget.hasPointerCapture(event.pointerId) && setBack(under(event))}
      onPointerUp={go}
      onPointerCancel={() => setBack(undefined)}
      onKeyDown={press}
    >
      <svg class="grip" width="10" height="10" aria-hidden="true">
        <path d="M0 0h10v5l-5 5-5-5z" />
      </svg>
      {back !== undefined && <span>back to {back}</span>}
    </div>
  );
}

function useWidth(frame: { current: HTMLElement | null }): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    setWidth(Math.floor(frame.current!.clientWidth));
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry!.contentRect.width)));
    observer.observe(frame.current!);
    return () => observer.disconnect();
  }, []);
  return width;
}
