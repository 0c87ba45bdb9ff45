import type { FoundContainer } from '../ports/index.ts';
import { Label } from '../ports/index.ts';

/** Labels only the reconciler reads: what must be known of a container whose release is gone. */
export const OwnLabel = {
  /** Milliseconds between the request to stop and the kill. */
  stopGrace: 'io.classpad.stop-grace-ms',
  /** `<port>` or `<port> <path>`: where the proxy reaches the service. */
  route: 'io.classpad.route',
  /** Services of its revision that it depends on, with blanks between them: they end after it. */
  needs: 'io.classpad.needs',
  /** `stop-first`: never runs beside the same service of another revision. */
  order: 'io.classpad.order',
  /** On a service of a Swarm, `yes`: the release says how to check it. */
  checked: 'io.classpad.checked',
} as const;

const DEFAULT_GRACE_MS = 10_000;

/** Whose container it is, or `undefined` if its labels do not say so: then it is not for the reconciler to touch. */
export function ownerOf({ labels }: FoundContainer): { readonly app: string; readonly revision: number } | undefined {
  const app = labels[Label.app];
  const revision = Number(labels[Label.revision]);
  if (!app || labels[Label.device] === undefined || !Number.isSafeInteger(revision) || revision < 1) return undefined;
  return { app, revision };
}

export function graceOf({ labels }: FoundContainer): number {
  const graceMs = Number(labels[OwnLabel.stopGrace]);
  return Number.isSafeInteger(graceMs) && graceMs >= 0 && graceMs <= 3_600_000 ? graceMs : DEFAULT_GRACE_MS;
}

/** Whether it never runs beside the same service of another revision. */
export function isStopFirst({ labels }: Pick<FoundContainer, 'labels'>): boolean {
  return labels[OwnLabel.order] === 'stop-first';
}

/** Services of the same revision that end after it. */
export function needsOf({ labels }: FoundContainer): readonly string[] {
  return (labels[OwnLabel.needs] ?? '').split(' ').filter((name) => name !== '');
}

/** Port and path of the route label, or `undefined` for a container that serves nobody. */
export function routeOf({ labels }: FoundContainer): { readonly port: number; readonly path?: string } | undefined {
  const [port, path] = (labels[OwnLabel.route] ?? '').split(' ');
  if (!Number(port)) return undefined;
  return path ? { port: Number(port), path } : { port: Number(port) };
}
