import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { Sample } from '../protocol.ts';

interface Gauge {
  readonly title: string;
  readonly unit: string;
  readonly of: (sample: Sample) => number | null;
}

const GAUGES: readonly Gauge[] = [
  { title: 'Block time', unit: 's', of: ({ blockTime }) => blockTime || null },
  { title: 'Gas', unit: '', of: ({ gas }) => gas },
  { title: 'Memory', unit: 'MiB', of: ({ memory }) => memory },
  { title: 'Requests', unit: '/s', of: ({ requests }) => requests },
  { title: 'Latency', unit: 'ms', of: ({ latency }) => latency || null },
];

/** What was measured, second by second of the world. */
export function Gauges({ samples }: { samples: readonly Sample[] }) {
  return (
    <div class="gauges">
      {GAUGES.map((gauge) => (
        <Chart key={gauge.title} gauge={gauge} samples={samples} />
      ))}
      {samples.length < 2 && <p class="quiet">Gauges begin with the second second of the world.</p>}
    </div>
  );
}

const HEIGHT = 84;

function Chart({ gauge, samples }: { gauge: Gauge; samples: readonly Sample[] }) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const last = samples.at(-1);
  const value = last === undefined ? undefined : samples.findLast((one) => gauge.of(one) !== null);
  useEffect(() => {
    const made = new uPlot(optionsOf(gauge, place.current!), dataOf(gauge, samples), place.current!);
    plot.current = made;
    const observer = new ResizeObserver(([entry]) =>
      made.setSize({ width: Math.floor(entry!.contentRect.width), height: HEIGHT }),
    );
    observer.observe(place.current!);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, []);
  useEffect(() => plot.current?.setData(dataOf(gauge, samples)), [samples]);
  return (
    <figure class="gauge">
      <figcaption>
        {gauge.title} <b>{value ? `${compact(gauge.of(value) ?? 0)} ${gauge.unit}`.trim() : 'none yet'}</b>
      </figcaption>
      <div ref={place} />
    </figure>
  );
}

function dataOf({ of }: Gauge, samples: readonly Sample[]): uPlot.AlignedData {
  return [samples.map(({ at }) => at), samples.map(of)];
}

function compact(value: number): string {
  if (value >= 1_000_000) return `${Math.round(value / 100_000) / 10}M`;
  return value >= 10_000 ? `${Math.round(value / 1000)}k` : String(Math.round(value * 10) / 10);
}

/** Colours are read when something is drawn, so that they follow the theme. */
function optionsOf(gauge: Gauge, place: HTMLElement): uPlot.Options {
  const colour = (property: 'color' | 'borderTopColor' | 'outlineColor') => () => getComputedStyle(place)[property];
  const axis = {
    stroke: colour('outlineColor'),
    font: '11px system-ui',
    ticks: { show: false },
    grid: { stroke: colour('borderTopColor'), width: 1 },
  };
  return {
    width: Math.max(120, place.clientWidth),
    height: HEIGHT,
    padding: [6, 4, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 5 } },
    scales: { x: { time: false }, y: { range: (_, least, most) => [Math.min(0, least ?? 0), Math.max(1, (most ?? 1) * 1.1)] } },
    axes: [
      {
        ...axis,
        size: 18,
        space: 60,
        values: (_, ticks) => ticks.map((at) => `${Math.floor(at / 60)}:${String(Math.floor(at % 60)).padStart(2, '0')}`),
      },
      { ...axis, size: 40, space: 24, values: (_, ticks) => ticks.map(compact) },
    ],
    series: [{}, { label: gauge.title, stroke: colour('color'), width: 1.6, points: { show: false }, spanGaps: true }],
  };
}
