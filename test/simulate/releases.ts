import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Hex, toHex } from 'viem';
import { parse } from 'yaml';
import { virtualRegistry } from '../../emulator/containers/images.ts';
import { pinnedManifest } from '../../emulator/story.ts';
import { root } from '../support/need.ts';
import { APPS, type App } from './acts.ts';

interface Service {
  environment?: Readonly<Record<string, string>>;
}

const read = (file: string) =>
  parse(readFileSync(join(root, 'examples/hello', file), 'utf8')) as { name: string; services: Record<string, Service> };
const files = { good: read('compose.yaml'), broken: read('compose.broken.yaml') };

/** How many services each app has. */
export const servicesOf = (app: string): number => (app === APPS[1] ? 2 : 1);

/** Each release differs from the one before, as releases do. The second app also has a service that no health check looks at. */
export async function manifestOf(app: App, good: boolean, number: number): Promise<Hex> {
  const { web } = (good ? files.good : files.broken).services;
  const changed = { ...web, environment: { ...web?.environment, NUMBER: String(number) } };
  const services = {
    web: changed,
    ...(servicesOf(app) > 1 && { worker: { image: 'classpad/worker:1', environment: { NUMBER: String(number) } } }),
  };
  return toHex(await pinnedManifest({ name: app, services }, virtualRegistry));
}
