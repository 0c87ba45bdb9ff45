import { mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type FirmwareBundle, type FirmwareHeader, sha256 } from './bundle.ts';
import { readJson, syncFolder, writeWhole } from './files.ts';

/*
 * Two places for firmware on the data partition, and the one that came with the system's image. Which of them starts is one
 * file, replaced as a whole; a slot is filled beside its place and renamed into it. So a power cut leaves the one before or
 * the one after.
 */

export type SlotName = 'a' | 'b';
export type Place = SlotName | 'factory';

/** The firmware in a slot. */
export interface Installed {
  readonly version: string;
  /** Of the bundle it came from. */
  readonly sha256: string;
  /** The release that asked for it. */
  readonly app: string;
  readonly revision: number;
  /** Whether it has served once: then it may always start. */
  readonly isGood: boolean;
  /** Starts since it was installed without serving. */
  readonly starts: number;
}

/** Why firmware does not run here any more, or never did. */
export interface Failure {
  readonly sha256: string;
  readonly version: string;
  readonly reason: string;
}

export interface SlotState {
  readonly current: Place;
  /** Where to go back to. */
  readonly before: Place;
  readonly slots: { readonly [slot in SlotName]?: Installed };
  /** The newest last, a few. */
  readonly failures: readonly Failure[];
}

const FIRST: SlotState = { current: 'factory', before: 'factory', slots: {}, failures: [] };
/** New firmware that has not served after so many starts is given up. */
export const STARTS_LIMIT = 3;
const FAILURES_LIMIT = 8;

export interface Choice {
  readonly place: Place;
  readonly folder: string;
  readonly version: string;
}

export interface Slots {
  state(): SlotState;
  /** Decides what starts now, counts it, and says so on the disk before it answers. */
  choose(): Choice;
  /** What runs now has served. */
  confirm(): void;
  /** Fills the slot that does not run and makes it the next to start. */
  install(bundle: FirmwareBundle, from: { readonly sha256: string; readonly app: string; readonly revision: number }): void;
  /** The next start is what ran before; what runs now has failed for this reason. */
  goBack(reason: string): void;
  /** Remembers a bundle that was refused, so that it is not tried again. */
  fail(failure: Failure): void;
}

/**
 * @param folder On the data partition.
 * @param factory The firmware of the system's image; always good.
 */
export function openSlots(folder: string, factory: string): Slots {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'state.json');
  let state = readState(path);
  const save = (next: SlotState): void => {
    writeWhole(path, `${JSON.stringify(next)}\n`);
    state = next;
  };
  const goBackFrom = (place: SlotName, reason: string): void => {
    const gone = state.slots[place];
    const other = place === 'a' ? 'b' : 'a';
    const before =
      state.before !== place && isUsable(state.before) ? state.before : state.slots[other]?.isGood ? other : 'factory';
    const { [place]: _removed, ...slots } = state.slots;
    const failures = gone ? withFailure(state.failures, { sha256: gone.sha256, version: gone.version, reason }) : state.failures;
    save({ current: before, before: 'factory', slots, failures });
  };
  const isUsable = (place: Place): boolean => place === 'factory' || state.slots[place]?.isGood === true;

  function choose(): Choice {
    for (;;) {
      const place = state.current;
      if (place === 'factory') return { place, folder: factory, version: versionIn(factory) ?? 'unknown' };
      const installed = state.slots[place];
      const broken = installed === undefined ? 'it is not there' : damage(join(folder, place));
      if (broken !== undefined) goBackFrom(place, `the firmware in slot ${place} is damaged: ${broken}`);
      else if (!installed!.isGood && installed!.starts >= STARTS_LIMIT)
        goBackFrom(place, `it did not serve after ${STARTS_LIMIT} starts`);
      else {
        if (!installed!.isGood) save(withSlot(state, place, { ...installed!, starts: installed!.starts + 1 }));
        return { place, folder: join(folder, place), version: installed!.version };
      }
    }
  }

  return {
    state: () => state,
    choose,
    confirm() {
      const { current } = state;
      if (current === 'factory' || state.slots[current]?.isGood !== false) return;
      save(withSlot(state, current, { ...state.slots[current]!, isGood: true, starts: 0 }));
    },
    install(bundle, from) {
      const slot: SlotName = state.current === 'a' ? 'b' : 'a';
      // First on the disk: what was in the slot is gone.
      const { [slot]: _removed, ...slots } = state.slots;
      save({ ...state, slots, before: state.before === slot ? 'factory' : state.before });
      fill(folder, slot, bundle);
      const installed: Installed = { version: bundle.header.version, ...from, isGood: false, starts: 0 };
      save({ ...withSlot(state, slot, installed), current: slot, before: state.current });
    },
    goBack(reason) {
      if (state.current !== 'factory') goBackFrom(state.current, reason);
    },
    fail: (failure) => save({ ...state, failures: withFailure(state.failures, failure) }),
  };
}

/** The state as it stands; one that cannot be read is a device's first. */
function readState(path: string): SlotState {
  const found = readJson(path) as Partial<SlotState> | undefined;
  const isWhole = found && ['a', 'b', 'factory'].includes(`${found.current}`) && found.slots && Array.isArray(found.failures);
  return isWhole ? { ...FIRST, ...found } : FIRST;
}

function withSlot(state: SlotState, slot: SlotName, installed: Installed): SlotState {
  return { ...state, slots: { ...state.slots, [slot]: installed } };
}

function withFailure(failures: readonly Failure[], failure: Failure): Failure[] {
  return [...failures.filter(({ sha256: hash }) => hash !== failure.sha256), failure].slice(-FAILURES_LIMIT);
}

const HEADER = 'header.json';

function fill(folder: string, slot: SlotName, { header, files }: FirmwareBundle): void {
  const [place, unfinished] = [join(folder, slot), join(folder, `${slot}.new`)];
  for (const old of [place, unfinished]) rmSync(old, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  for (const [name, content] of files) writeWhole(join(unfinished, name), content);
  writeWhole(join(unfinished, HEADER), JSON.stringify(header));
  syncFolder(unfinished);
  renameSync(unfinished, place);
  syncFolder(folder);
}

/** Why what is in a folder is not what its header says; `undefined` if it is. */
function damage(folder: string): string | undefined {
  const header = readJson(join(folder, HEADER)) as FirmwareHeader | undefined;
  if (!Array.isArray(header?.files)) return 'its header is gone';
  for (const { name, sha256: hash } of header.files) {
    try {
      if (sha256(readFileSync(join(folder, name))) !== hash) return `${name} was changed`;
    } catch {
      return `${name} is gone`;
    }
  }
  return undefined;
}

export function versionIn(folder: string): string | undefined {
  return (readJson(join(folder, HEADER)) as FirmwareHeader | undefined)?.version;
}
