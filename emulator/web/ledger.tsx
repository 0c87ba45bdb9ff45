import { memo } from 'preact/compat';
import { useCallback, useRef, useState } from 'preact/hooks';
import type { LedgerRow, Snapshot } from '../protocol.ts';
import { Gauges } from './gauges.tsx';
import { useHands, useView } from './hands.ts';
import { Mark } from './marks.tsx';
import { Signal } from './signal.tsx';
import { grouped, shortened, timeOfDay } from './words.ts';

/** Rows of the list that stand in the page; more come while one scrolls down. */
const ROWS = { first: 30, more: 60 };

type Shown = Pick<Snapshot, 'head' | 'release' | 'ledger' | 'devices' | 'samples'>;

/** The ledger, read like a signal, and below it in words or in gauges. */
export const LedgerPanel = memo(function LedgerPanel({ snapshot, chosen }: { snapshot: Shown; chosen: string | undefined }) {
  const { look } = useHands();
  const view = useView();
  const { tab, search } = view;
  const [pointed, point] = useState<number | undefined>();
  const block = pointed ?? view.block;
  const pin = (one: number) => look({ block: one === view.block ? undefined : one });
  return (
    <section class="panel ledger" aria-label="Ledger">
      <header>
        <h2>Ledger</h2>
        <span class="quiet wide">{legendOf(snapshot)}</span>
        <span class="tabs">
          <button type="button" aria-pressed={tab === 'events'} onClick={() => look({ tab: 'events' })}>
            Events
          </button>
          <button type="button" aria-pressed={tab === 'gauges'} onClick={() => look({ tab: 'gauges' })}>
            Gauges
          </button>
        </span>
        <input
          class="search"
          type="search"
          placeholder="Search"
          aria-label="Search the ledger (/)"
          value={search}
          onInput={(event) => look({ search: event.currentTarget.value, tab: 'events' })}
          onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
        />
      </header>
      <Signal snapshot={snapshot} chosen={chosen} block={block} point={point} pin={pin} />
      {tab === 'gauges' ? (
        <Gauges samples={snapshot.samples} />
      ) : (
        <Events rows={snapshot.ledger} query={search} block={block} point={point} />
      )}
    </section>
  );
});

function legendOf({ release }: Shown): string {
  return release ? `high line: runs r${release.revision}. low line: runs another` : 'one line for each device';
}

interface EventsProps {
  readonly rows: readonly LedgerRow[];
  readonly query: string;
  readonly block: number | undefined;
  readonly point: (block: number | undefined) => void;
}

/** Newest first. While the pointer is on the list it holds still and counts what is new. */
const Events = memo(function Events({ rows, query, block, point }: EventsProps) {
  const held = useRef<readonly LedgerRow[] | undefined>(undefined);
  const [isHeld, setHeld] = useState(false);
  const [opened, setOpened] = useState('');
  const [count, setCount] = useState(ROWS.first);
  const source = isHeld && held.current ? held.current : rows;
  const newest = source.at(-1);
  const fresh = newest ? rows.length - 1 - rows.findLastIndex((row) => keyOf(row) === keyOf(newest)) : 0;
  const words = query.trim().toLowerCase();
  const shown = source
    .filter((row) => words === '' || textOf(row).includes(words))
    .slice(-count)
    .reverse();
  const open = useCallback((key: string) => setOpened((before) => (before === key ? '' : key)), []);
  const scrolled = ({ currentTarget: list }: { currentTarget: HTMLElement }) => {
    if (list.scrollTop < 10) setCount(ROWS.first);
    else if (list.scrollHeight - list.scrollTop - list.clientHeight < list.clientHeight && shown.length === count)
      setCount(count + ROWS.more);
  };
  const hold = (on: boolean) => {
    held.current = on ? rows : undefined;
    setHeld(on);
    if (!on) point(undefined);
  };
  return (
    <section
      class="events"
      aria-label="Events"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so keys must be able to scroll it
      tabIndex={0}
      onScroll={scrolled}
      onPointerEnter={() => hold(true)}
      onPointerLeave={() => hold(false)}
    >
      {isHeld && fresh > 0 && (
        <button type="button" class="fresh" onClick={() => hold(true)}>
          {fresh} new
        </button>
      )}
      <table>
        <caption class="unseen">Events of the ledger, newest first</caption>
        <colgroup>
          {['block', 'time', 'what', 'text', 'who', 'gas'].map((name) => (
            <col key={name} class={name} />
          ))}
        </colgroup>
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
              isOpen={keyOf(row) === opened}
              open={open}
              point={point}
            />
          ))}
        </tbody>
      </table>
      {shown.length === 0 && <p class="quiet">{words === '' ? 'No event yet.' : `No event says "${query}".`}</p>}
    </section>
  );
});

interface RowProps {
  readonly row: LedgerRow;
  /** Whether it is the first shown of its block, which alone names the block and the time. */
  readonly isFirst: boolean;
  readonly isPointed: boolean;
  readonly isOpen: boolean;
  readonly open: (key: string) => void;
  readonly point: (block: number) => void;
}

const Row = memo(function Row({ row, isFirst, isPointed, isOpen, open, point }: RowProps) {
  return (
    <>
      <tr class={`${row.what} ${isPointed ? 'pointed' : ''} ${isFirst ? 'first' : ''}`} onPointerEnter={() => point(row.block)}>
        <td class="block">{isFirst ? grouped(row.block) : ''}</td>
        <td class="time">{isFirst ? timeOfDay(row.timestamp) : ''}</td>
        <td class="what">
          <button type="button" aria-expanded={isOpen} disabled={!row.call} onClick={() => open(keyOf(row))}>
            <Mark state={row.state} size={12} />
            {row.what}
          </button>
        </td>
        <td class="text">{row.text}</td>
        <td class="who">{row.who}</td>
        <td class="gas">{row.gas > 0 ? grouped(row.gas) : ''}</td>
      </tr>
      {isOpen && row.call && (
        <tr class="call">
          <td colSpan={2} />
          <td colSpan={4}>
            <code>
              {row.call.name}({row.call.args.map(([name, value]) => `${name}: ${value}`).join(', ')})
            </code>
            <span class="quiet">
              by {row.call.from}, {row.call.succeeded ? 'succeeded' : 'reverted'}, transaction{' '}
              <code title={row.call.hash}>{shortened(row.call.hash)}</code>
            </span>
          </td>
        </tr>
      )}
    </>
  );
});

function keyOf(row: LedgerRow): string {
  return `${row.block}.${row.index}`;
}

function textOf({ block, what, text, who, call }: LedgerRow): string {
  return `${block} ${what} ${text} ${who} ${call ? `${call.name} ${call.hash}` : ''}`.toLowerCase();
}
