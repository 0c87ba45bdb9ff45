import { equalBytes, utf8Decode, utf8Encode } from '../bytes.ts';
import type { FleetEvent } from '../contracts/fleet.ts';
import { logData } from '../contracts/fleet.ts';
import { encodeLog, type LogFields, type LogKind, logKinds } from '../contracts/log-kinds.ts';
import type { Outbox } from '../contracts/outbox.ts';
import { canonicalJson } from '../manifest/encode.ts';
import type { Address, Logger, Store } from '../ports/index.ts';

/** One thing this device wants to have on the ledger. */
export interface Entry {
  readonly kind: LogKind;
  readonly app: string;
  readonly revision: number;
  readonly fields: LogFields;
}

/** Entries on their way to the ledger. They survive a restart, and wait as long as the ledger is out of reach. */
export interface Journal {
  /** @param together What else is written in the same moment. */
  put(entry: Entry, together?: readonly (readonly [key: string, value: Uint8Array | undefined])[]): void;
  /** Sends what waits, as far as it may. Answers whether something still waits. */
  send(): boolean;
  /** Something happened on the ledger: this is how entries are known to have arrived. */
  happened(event: FleetEvent): void;
  readonly waiting: number;
}

export interface JournalOptions {
  readonly store: Store;
  readonly outbox: Outbox;
  readonly address: Address;
  readonly log: Logger;
}

const PREFIX = 'service/waiting/';
/** More than that, and the oldest is given up: a ledger out of reach must not fill the device. */
const MOST = 256;
const AT_ONCE = 4;

export function openJournal({ store, outbox, address, log }: JournalOptions): Journal {
  const entries = readAll(store);
  let next = [...entries.keys()].reduce((most, number) => Math.max(most, number), 0) + 1;

  function remove(number: number): readonly [string, undefined] {
    entries.delete(number);
    return [keyOf(number), undefined];
  }

  function room(): (readonly [string, undefined])[] {
    if (entries.size < MOST) return [];
    log.write('warn', `more than ${MOST} service events wait for the ledger; the oldest is given up`);
    return [remove(entries.keys().next().value!)];
  }

  return {
    put(entry, together = []) {
      const removed = room();
      const number = next++;
      entries.set(number, entry);
      store.write([...removed, [keyOf(number), utf8Encode(canonicalJson(entry))], ...together]);
    },
    send() {
      for (const [number, { kind, fields, app, revision }] of [...entries].slice(0, AT_ONCE))
        outbox.send(`log ${number}`, logData(kind, fields, app, revision));
      return entries.size > 0;
    },
    happened(event) {
      if (event.what !== 'Logged' || event.device !== address) return;
      const found = [...entries].find(([, entry]) => isSame(entry, event));
      if (found !== undefined) store.write([remove(found[0])]);
    },
    get waiting() {
      return entries.size;
    },
  };
}

function isSame({ kind, app, revision, fields }: Entry, event: Extract<FleetEvent, { what: 'Logged' }>): boolean {
  if (logKinds[kind] !== event.kind || app !== event.app || revision !== event.revision) return false;
  return equalBytes(encodeLog(fields), event.data);
}

function readAll(store: Store): Map<number, Entry> {
  const rows = store.keys(PREFIX, 2 * MOST).flatMap((key): [number, Entry][] => {
    try {
      return [[Number(key.slice(PREFIX.length)), JSON.parse(utf8Decode(store.get(key)!)) as Entry]];
    } catch {
      return [];
    }
  });
  return new Map(rows);
}

function keyOf(number: number): string {
  return `${PREFIX}${String(number).padStart(12, '0')}`;
}
