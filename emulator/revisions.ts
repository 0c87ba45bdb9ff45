import { hexToBytes } from 'viem';
import { parseManifest } from '../runtime/manifest/index.ts';
import type { FleetEvent } from './fleet.ts';
import type { ChangeView, RevisionView } from './protocol.ts';

const SHOWN = 12;
const CHANGES_LIMIT = 12;
const TEXT_LIMIT = 60;

interface Revision {
  readonly app: string;
  readonly revision: number;
  readonly block: number;
  readonly order: number;
  readonly manifest: Fields | undefined;
  readonly changes: readonly ChangeView[];
  readonly signed: Set<string>;
  phase: string;
  needed: number;
}

/** A manifest as one text for each of its leaves. */
type Fields = ReadonlyMap<string, string>;

const phases: { readonly [event: string]: string } = {
  RollingOut: 'rolling out',
  Promoted: 'active',
  RolledBack: 'rolled back',
  Superseded: 'superseded',
};

/** Follows the contract's events to every revision: who signed it, what it changes, what became of it. */
export class RevisionFold {
  private readonly revisions = new Map<string, Revision>();

  /** `manifest`: hexadecimal bytes, where the transaction carries them. */
  apply(event: FleetEvent, block: number, nameOf: (address: string) => string, manifest?: `0x${string}`): void {
    const { app, revision, by } = event;
    if (app === undefined || revision === undefined) return;
    const key = keyOf(app, revision);
    if (event.name === 'Proposed') this.revisions.set(key, this.proposed(app, revision, block, manifest));
    if (event.name === 'RollbackProposed') this.returned(app, revision, event.to ?? 0);
    const found = this.revisions.get(key);
    if (!found) return;
    found.phase = phases[event.name] ?? found.phase;
    if (event.name === 'Approved' && by) found.signed.add(nameOf(by));
    if (event.name === 'Approved' && event.needed !== undefined) found.needed = event.needed;
  }

  view(): readonly RevisionView[] {
    const newest = [...this.revisions.values()].sort((a, b) => b.order - a.order).slice(0, SHOWN);
    return newest.map(({ app, revision, phase, signed, needed, block, changes }) => ({
      app,
      revision,
      phase,
      signed: [...signed],
      needed,
      block,
      changes,
    }));
  }

  private proposed(app: string, revision: number, block: number, bytes: `0x${string}` | undefined): Revision {
    const manifest = bytes && fieldsOf(bytes);
    const changes = differences(this.activeOf(app)?.manifest, manifest);
    return {
      app,
      revision,
      block,
      order: this.revisions.size,
      manifest,
      changes,
      signed: new Set(),
      phase: 'proposed',
      needed: 0,
    };
  }

  /** A revision that goes back is what the earlier one was. */
  private returned(app: string, revision: number, to: number): void {
    const found = this.revisions.get(keyOf(app, revision));
    const manifest = this.revisions.get(keyOf(app, to))?.manifest;
    if (!found) return;
    const changes = [{ field: 'as', before: '', after: `r${to}` }, ...differences(this.activeOf(app)?.manifest, manifest)];
    this.revisions.set(keyOf(app, revision), { ...found, manifest, changes });
  }

  private activeOf(app: string): Revision | undefined {
    return [...this.revisions.values()].findLast((one) => one.app === app && one.phase === 'active');
  }
}

const keyOf = (app: string, revision: number): string => `${app} ${revision}`;

function fieldsOf(bytes: `0x${string}`): Fields | undefined {
  try {
    const fields = new Map<string, string>();
    flatten(parseManifest(hexToBytes(bytes)).services, '', fields);
    return fields;
  } catch {
    return undefined;
  }
}

function flatten(value: unknown, path: string, into: Map<string, string>): void {
  const isLeaf =
    typeof value !== 'object' || value === null || (Array.isArray(value) && value.every((item) => typeof item !== 'object'));
  if (isLeaf) into.set(path, Array.isArray(value) ? value.join(' ') : String(value));
  else for (const [key, inner] of Object.entries(value)) flatten(inner, path === '' ? key : `${path}.${key}`, into);
}

/** What differs between two manifests; nothing where one of them is not known. */
export function differences(before: Fields | undefined, after: Fields | undefined): readonly ChangeView[] {
  if (!before || !after) return [];
  const fields = [...new Set([...before.keys(), ...after.keys()])];
  return fields
    .filter((field) => before.get(field) !== after.get(field))
    .slice(0, CHANGES_LIMIT)
    .map((field) => ({ field, ...excerpts(before.get(field) ?? '', after.get(field) ?? '') }));
}

/** Both texts cut to what fits, from shortly before where they begin to differ. */
function excerpts(before: string, after: string): Pick<ChangeView, 'before' | 'after'> {
  if (Math.max(before.length, after.length) <= TEXT_LIMIT) return { before, after };
  let same = 0;
  while (same < before.length && before[same] === after[same]) same += 1;
  const from = Math.max(0, same - TEXT_LIMIT / 3);
  const cut = (text: string) => {
    const piece = text.slice(from, from + TEXT_LIMIT);
    return `${from > 0 && piece !== '' ? '…' : ''}${piece}${from + TEXT_LIMIT < text.length ? '…' : ''}`;
  };
  return { before: cut(before), after: cut(after) };
}
