import { createHash } from 'node:crypto';
import { EngineError, type FoundImage, type Space } from '../../runtime/ports/index.ts';
import { loadedImage, lookUp, type RegistryImage } from './programs.ts';

/** The images of one virtual engine, and the room they take. */
export interface Images {
  get(reference: string): RegistryImage | undefined;
  /** As a registry or a stick gave it. */
  add(reference: string, row: RegistryImage): void;
  delete(reference: string): void;
  list(): FoundImage[];
  /** Without it nobody knows; with no byte free nothing new is written. */
  room: Space | undefined;
}

const IMAGE_BYTES = 4_000_000;

export function createImages(): Images {
  const rows = new Map<string, RegistryImage>();
  return {
    room: undefined,
    get: (reference) => rows.get(reference),
    add: (reference, row) => void rows.set(reference, row),
    delete: (reference) => void rows.delete(reference),
    list: () => [...rows.keys()].sort().map(found),
  };
}

/** The digest under which the virtual registry has an image: it follows from the name. */
export function virtualPin(reference: string): string {
  if (reference.startsWith('sha256:') || reference.includes('@')) return reference;
  return `${reference}@sha256:${createHash('sha256').update(`classpad virtual image ${reference}`).digest('hex')}`;
}

/** What every virtual engine answers of what it could pull. */
export const virtualRegistry = { pin: async (image: string) => virtualPin(image) } as const;

/** What a stick brings under a name; an image id becomes the generic program, unless it stands for another image. */
export function carried(registry: readonly RegistryImage[], reference: string, as: string): RegistryImage {
  return lookUp(registry, as) ?? loadedImage(reference);
}

/** As a full disk says it. */
export function requireRoom({ room }: Images, doing: string): void {
  if (room !== undefined && room.freeBytes <= 0)
    throw new EngineError('failed', `${doing}: write /var/lib/docker/tmp: no space left on device`);
}

function found(reference: string): FoundImage {
  const isId = reference.startsWith('sha256:');
  const id = isId ? reference : `sha256:${createHash('sha256').update(reference).digest('hex')}`;
  return { id, references: isId ? [] : [reference], sizeBytes: IMAGE_BYTES };
}
