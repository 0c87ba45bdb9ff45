import { useRef, useState } from 'preact/hooks';
import type { LedgerRow, Snapshot } from '../protocol.ts';
import { Mark } from './marks.tsx';
import { Signal } from './signal.tsx';
import { grouped, timeOfDay } from './words.ts';

const ROWS = 60;

/** The ledger, read like a signal, and below it in words. */
export function LedgerPanel({ snapshot, chosen }: { snapshot: Snapshot; chosen: string | undefined }) {
  const [block, setBlock] = useState<number | undefined>();
  const [query, setQuery] = useState('');
  return (
    <section class="panel ledger" aria-label="Ledger">
      <header>
        <h2>Ledger</h2>
        <span class="quiet wide">{legendOf(snapshot)}</span>
        <input
          class="search"
          type="search"
          placeholder="Search"
          aria-label="Search the ledger (/)"
          value={query}
          onInput={(event) => setQuery(event.currentTarget.value)}
        />
      </header>
      <Signal snapshot={snapshot} chosen={chosen} block={block} point={setBlock} />
      <Events rows={snapshot.ledger} query={query} block={block} point={setBlock} />
    </section>
  );
}

function legendOf({ release }: Snapshot): string {
  return release ? `high line: runs r${release.revision}. low line: runs another` : 'one line for each device';
}

interface EventsProps {
  readonly rows: readonly LedgerRow[];
  readonly query: string;
  readonly block: number | undefined;
  readonly point: (block: number | undefined) => void;
}

/** Newest first. While the pointer is on the list it holds still and counts what is new. */
function Events({ rows, query, block, point }: EventsProps) {
  const held = useRef<readonly LedgerRow[] | undefined>(undefined);
  const [isHeld, setHeld] = useState(false);
  const source = isHeld && held.current ? held.current : rows;
  const newest = source.at(-1);
  const fresh = newest ? rows.length - 1 - rows.findLastIndex((row) => keyOf(row) === keyOf(newest)) : 0;
  const words = query.trim().toLowerCase();
  const shown = source
    .filter((row) => words === '' || textOf(row).includes(words))
    .slice(-ROWS)
    .reverse();
  const hold = (on: boolean) => {
    held.current = on ? rows : undefined;
    setHeld(on);
    if (!on) point(undefined);
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so keys must be able to scroll it
    <section class="events" aria-label="Events" tabIndex={0} onPointerEnter={() => hold(true)} onPointerLeave={() => hold(false)}>
      {isHeld && fresh > 0 && (
        <button type="button" class="fresh" onClick={() => hold(true)}>
          {fresh} new
        </button>
      )}
      <table>
        <caption class="unseen">Events of the ledger, newest first</caption>
        <thead class="unseen">
          <tr>
            <th scope="col">block</th>
            <th scope="col">time</th>
            <th scope="col">event</th>
            <th scope="col">what</th>
            <th scope="col">who</th>
            <th scope="col">gas</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((row, index) => (
            <Row
              key={keyOf(row)}
              row={row}
              isFirst={row.block !== shown[index - 1]?.block}
              isPointed={row.block === block}
              point={point}
            />
          ))}
        </tbody>
      </table>
      {shown.length === 0 && <p class="quiet">{words === '' ? 'No event yet.' : `No event says "${query}".`}</p>}
    </section>
  );
}

interface RowProps {
  readonly row: LedgerRow;
  /** Whether it is the first shown of its block, which alone names the block and the time. */
  readonly isFirst: boolean;
  readonly isPointed: boolean;
  readonly point: (block: number) => void;
}

function Row({ row, isFirst, isPointed, point }: RowProps) {
  return (
    <tr class={`${row.what} ${isPointed ? 'pointed' : ''} ${isFirst ? 'first' : ''}`} onPointerEnter={() => point(row.block)}>
      <td class="block">{isFirst ? grouped(row.block) : ''}</td>
      <td class="time">{isFirst ? timeOfDay(row.timestamp) : ''}</td>
      <td class="what">
        <Mark state={row.state} size={12} />
        {row.what}
      </td>
      <td class="text">{row.text}</td>
      <td class="who">{row.who}</td>
      <td class="gas">{row.gas > 0 ? grouped(row.gas) : ''}</td>
    </tr>
  );
}

function keyOf(row: LedgerRow): string {
  return `${row.block}.${row.index}`;
}

function textOf(row: LedgerRow): string {
  return `${row.block} ${row.what} ${row.text} ${row.who}`.toLowerCase();
}
