import type { Clock, Containers, EngineError, FoundContainer, Logger, Store } from '../ports/index.ts';
import type { SteadyClock } from '../steady.ts';
import { withDeadline } from './deadline.ts';
import { isPressed, KEPT_REVISIONS, openImageRecords, type Standing, unneeded } from './images.ts';
import { sentenceOf } from './setbacks.ts';
import type { Wanted } from './wanted.ts';

export interface LookerOptions {
  readonly containers: Containers;
  readonly store: Pick<Store, 'get' | 'keys' | 'write'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly standing: Standing;
  /** Good revisions before the current one whose images stay. */
  readonly keepRevisions?: number;
}

/** What the engine shows, once. */
export interface Sight {
  readonly containers: readonly FoundContainer[];
  readonly images: ReadonlySet<string>;
  readonly unneeded: readonly string[];
}

/** Asks the engine what is there; every question has a deadline. */
export interface Looker {
  look(wanted: Wanted | undefined): Promise<Sight>;
  /** A step wrote or failed to write: how much room there is must be asked anew. */
  spaceChanged(): void;
  /** An image is about to be pulled. */
  pulling(image: string): void;
  /** An image was taken away. */
  removed(image: string): void;
}

const LIMIT_MS = 60_000;
/** The room on the disk is asked for this often. */
const SPACE_MS = 60_000;

export function createLooker({ containers, store, clock, log, standing, keepRevisions }: LookerOptions): Looker {
  const records = openImageRecords(store);
  const present = new Set<string>();
  let complaint: string | undefined;
  let pressed = { is: false, untilMs: 0 };

  const answered = <T>(promise: Promise<T>) => withDeadline(clock, LIMIT_MS, 'the container engine', promise);

  async function ask(images: Iterable<string>): Promise<void> {
    for (const image of images) {
      if (await answered(containers.hasImage(image)).catch(absent)) present.add(image);
      else present.delete(image);
    }
  }

  /** Of the images of earlier releases those that are still here and that nobody needs. */
  async function findUnneeded(wanted: Wanted): Promise<string[]> {
    if (clock.nowMs() >= pressed.untilMs)
      pressed = { is: isPressed(await answered(containers.space()).catch(() => undefined)), untilMs: clock.nowMs() + SPACE_MS };
    const policy = { keep: keepRevisions ?? KEPT_REVISIONS, isPressed: pressed.is };
    const list = unneeded(records.all(), wanted, standing, policy);
    await ask(list);
    for (const image of list) if (!present.has(image)) removed(image);
    const here = list.filter((image) => present.has(image) && records.isBrought(image));
    const named = here.some(isId) ? await namedImages() : new Set();
    return here.filter((image) => !named.has(image));
  }

  /** Ids of images that have a name: somebody else's, for what a release names by its id has none. */
  async function namedImages(): Promise<Set<string>> {
    const images = await answered(containers.images());
    return new Set(images.filter(({ references }) => references.length > 0).map(({ id }) => id));
  }

  /** A store that is full must not stop the device from reconciling: old images only stay longer. */
  function attempt(act: () => void): void {
    try {
      act();
      complaint = undefined;
    } catch (error) {
      const sentence = sentenceOf(error);
      if (sentence !== complaint) log.write('warn', `what images belong to cannot be written down: ${sentence}`);
      complaint = sentence;
    }
  }

  function removed(image: string): void {
    attempt(() => records.removed(image));
  }

  return {
    removed,
    pulling: (image) => attempt(() => records.pulling(image)),
    spaceChanged: () => {
      pressed = { ...pressed, untilMs: 0 };
    },
    async look(wanted) {
      const found = (await answered(containers.list())).map((one) => bySteadyTime(one, clock));
      await ask(imagesNeeded(wanted, found));
      if (wanted === undefined) return { containers: found, images: new Set(present), unneeded: [] };
      attempt(() => records.note(wanted));
      return { containers: found, unneeded: await findUnneeded(wanted), images: new Set(present) };
    },
  };
}

/** The engine tells by the hardware clock since when a container runs. */
function bySteadyTime(found: FoundContainer, clock: Clock & Partial<SteadyClock>): FoundContainer {
  const { startedAtMs } = found;
  return startedAtMs === undefined || !clock.fromWallMs ? found : { ...found, startedAtMs: clock.fromWallMs(startedAtMs) };
}

function isId(image: string): boolean {
  return image.startsWith('sha256:');
}

/** One image of which the engine cannot speak must not keep the others' apps from their work: its own app's pull says why. */
function absent(error: unknown): false {
  if ((error as Partial<EngineError>).code === 'unreachable') throw error;
  return false;
}

/** Those of wanted containers that are not there. */
function imagesNeeded(wanted: Wanted | undefined, found: readonly FoundContainer[]): Set<string> {
  const names = new Set(found.map(({ name }) => name));
  const revisions = (wanted?.apps ?? []).flatMap(({ current, previous }) => [current, previous]);
  const containers = revisions.flatMap((revision) => revision?.containers ?? []);
  return new Set(containers.filter(({ spec }) => !names.has(spec.name)).map(({ spec }) => spec.image));
}
