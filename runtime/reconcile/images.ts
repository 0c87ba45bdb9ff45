import { utf8Decode, utf8Encode } from '../bytes.ts';
import type { Phase } from '../contracts/interface.ts';
import type { Space, Store } from '../ports/index.ts';
import { asBytes, asList, decodeRlp, encodeRlp } from '../rlp/index.ts';
import type { Wanted } from './wanted.ts';

/** The images that a revision, once wanted on this device, is made of. */
export interface ImageRecord {
  readonly app: string;
  readonly revision: number;
  readonly images: readonly string[];
}

/** How a revision stands on the ledger; `undefined` if it cannot be read now. */
export type Standing = (app: string, revision: number) => Phase | undefined;

/** Below this share of the disk, or below so many bytes, old images go but for the one to return to. */
const PRESSED_SHARE = 0.1;
const PRESSED_BYTES = 256 * 1024 * 1024;
/** Good revisions before the current one whose images stay, where nobody says otherwise. */
export const KEPT_REVISIONS = 2;

export function isPressed(room: Space | undefined): boolean {
  return room !== undefined && (room.freeBytes < room.totalBytes * PRESSED_SHARE || room.freeBytes < PRESSED_BYTES);
}

export interface Policy {
  /** Good revisions before the current one whose images stay. */
  readonly keep: number;
  /** Then only what runs and what may be returned to stays. */
  readonly isPressed: boolean;
}

/**
 * Images that no revision needs any more, of those that releases of this device have named. Needed are the revisions that
 * are wanted, of each app the last good one before them (the one to return to), `keep` good ones in all, the latest one
 * whatever became of it (the next try is often made of it), and every one whose end the ledger does not tell yet. Pure.
 */
export function unneeded(records: readonly ImageRecord[], wanted: Wanted, standing: Standing, policy: Policy): string[] {
  const apps = new Set([...records, ...wanted.apps].map(({ app }) => app));
  const needed = new Set([...apps].flatMap((app) => neededOf(app, records, wanted, standing, policy)));
  const all = new Set(records.flatMap(({ images }) => images));
  return [...all].filter((image) => !needed.has(image)).sort();
}

function neededOf(app: string, records: readonly ImageRecord[], wanted: Wanted, standing: Standing, policy: Policy): string[] {
  const { keep, isPressed } = policy;
  const now = wanted.apps.find((one) => one.app === app);
  const running = now ? [now.current, ...(now.previous ? [now.previous] : [])] : [];
  const others = records.filter((record) => record.app === app && running.every(({ revision }) => revision !== record.revision));
  const ends = others.map((record) => ({ record, end: standing(app, record.revision) })).reverse();
  const good = ends.filter(({ end }) => end === 'superseded' || end === 'active');
  const open = ends.filter(({ end }) => end !== 'superseded' && end !== 'active' && end !== 'rolled back');
  const latest = others.filter(({ revision }) => !isPressed && revision === wanted.latest.get(app)).map((record) => ({ record }));
  const kept = [...open, ...latest, ...good.slice(0, Math.max(isPressed ? 0 : keep, now?.previous ? 0 : 1))];
  return [
    ...running.flatMap(({ containers }) => containers.map(({ spec }) => spec.image)),
    ...kept.flatMap(({ record }) => record.images),
  ];
}

/** What this device remembers of the images of its releases, over restarts. */
export interface ImageRecords {
  /** In the order of apps, then of revisions. */
  all(): readonly ImageRecord[];
  /** Remembers what is wanted now. Throws if the store does. */
  note(wanted: Wanted): void;
  /** This device is about to pull an image that was not there. Throws if the store does. */
  pulling(image: string): void;
  /** Whether it came because a release named it: it was pulled, or its name says that nobody could have meant another. */
  isBrought(image: string): boolean;
  /** Forgets revisions of which no image is left but those of others. */
  removed(image: string): void;
}

const PREFIX = 'image/';
const PULLED = 'pulled/';
const LIMIT = 1024;

export function openImageRecords(store: Store): ImageRecords {
  const records = new Map(store.keys(PREFIX, LIMIT).flatMap((key) => read(key, store.get(key))));
  const pulled = new Set(store.keys(PULLED, LIMIT).map((key) => key.slice(PULLED.length)));
  return {
    all: () => [...records.values()],
    pulling(image) {
      if (pulled.has(image) || pulled.size >= LIMIT) return;
      store.write([[PULLED + image, new Uint8Array(0)]]);
      pulled.add(image);
    },
    isBrought: (image) => pulled.has(image) || image.includes('sha256:'),
    note(wanted) {
      const revisions = wanted.apps.flatMap(({ current, previous }) => (previous ? [previous, current] : [current]));
      const fresh = revisions.filter(
        ({ app, revision, containers }) => containers.length > 0 && !records.has(keyOf(app, revision)),
      );
      if (fresh.length === 0 || records.size + fresh.length > LIMIT) return;
      const rows = fresh.map(({ app, revision, containers }): [string, ImageRecord] => {
        const images = [...new Set(containers.map(({ spec }) => spec.image))];
        return [keyOf(app, revision), { app, revision, images }];
      });
      store.write(rows.map(([key, { images }]) => [key, encodeRlp(images.map((image) => utf8Encode(image)))]));
      for (const [key, record] of rows) records.set(key, record);
    },
    removed(image) {
      const changed = [...records].filter(([, { images }]) => images.includes(image));
      const rows = changed.map(([key, record]): [string, ImageRecord] => {
        return [key, { ...record, images: record.images.filter((other) => other !== image) }];
      });
      const forgotten = [PULLED + image, undefined] as const;
      store.write([
        forgotten,
        ...rows.map(([key, { images }]) => [key, images.length > 0 ? encodeRlp(images.map(utf8Encode)) : undefined] as const),
      ]);
      pulled.delete(image);
      for (const [key, record] of rows) {
        if (record.images.length > 0) records.set(key, record);
        else records.delete(key);
      }
    },
  };
}

/** Keys are in the order of revisions. */
function keyOf(app: string, revision: number): string {
  return `${PREFIX}${app}/${String(revision).padStart(12, '0')}`;
}

function read(key: string, bytes: Uint8Array | undefined): [string, ImageRecord][] {
  const [app, revision] = key.slice(PREFIX.length).split('/');
  if (!app || !bytes) return [];
  try {
    const images = asList(decodeRlp(bytes), key).map((item) => utf8Decode(asBytes(item, key)));
    return [[key, { app, revision: Number(revision), images }]];
  } catch {
    // The disk has changed it. A revision that is still wanted is noted again; images of others stay.
    return [];
  }
}
