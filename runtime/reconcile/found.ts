import type { EngineErrorCode, FoundContainer } from '../ports/index.ts';

/** What this device found when it last looked, with what went wrong before. */
export interface Found {
  readonly containers: readonly FoundContainer[];
  /** Images that are complete on this device, of those that were asked about. */
  readonly images: ReadonlySet<string>;
  /** By the name of a container or the reference of an image. */
  readonly setbacks: ReadonlyMap<string, Setback>;
  /** By container id: until when, in milliseconds since 1970, it may still be answering its last requests. Absent: none. */
  readonly draining?: ReadonlyMap<string, number>;
  /** Images of earlier releases that are here and that nobody needs any more. Absent: none. */
  readonly unneeded?: readonly string[];
  /** Names of the secrets that this device holds. Absent: it is not known, and none is missed. */
  readonly secrets?: ReadonlySet<string>;
  /** Ids, by name, of containers that this node has seen as they should be, and has not removed since. Absent: none. */
  readonly known?: ReadonlyMap<string, string>;
}

/** A step that failed, a container that had to be started again, or one that had to be put right. */
export interface Setback {
  /** How often in a row. */
  readonly failures: number;
  /** Not before this moment again; milliseconds since 1970. */
  readonly retryAtMs: number;
  readonly code: EngineErrorCode | 'crashed' | 'healed';
  /** What went wrong, for people. */
  readonly sentence: string;
}
