import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { createEngine } from '../../firmware-bridge/docker/engine.ts';
import { HELLO_SETTINGS, helloFiles, readStatic } from '../../firmware-bridge/docker/hello.ts';
import { importImage } from '../../firmware-bridge/docker/image.ts';
import type { TarFile } from '../../firmware-bridge/docker/tar.ts';
import { need, root } from './need.ts';

const CHAT_IMAGE = 'classpad/chat:1';

/** Puts {@link CHAT_IMAGE} on an engine: this machine's Node with `chat-app.ts`. Answers `false`, with a printed skip, where it cannot. */
export async function ensureChatImage(engineUrl: string): Promise<boolean> {
  const busybox = readStatic('/bin/busybox');
  if (!need('the chat image', busybox !== undefined, 'busybox-static is not installed')) return false;
  const app = await build({
    entryPoints: [join(root, 'test/support/chat-app.ts')],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    write: false,
    logLevel: 'silent',
  });
  const files: TarFile[] = [
    ...helloFiles(busybox!),
    { path: 'node', bytes: readFileSync(process.execPath), mode: 0o755 },
    { path: 'app.cjs', bytes: app.outputFiles[0]!.contents, mode: 0o644 },
    ...libraries(),
  ];
  await importImage(createEngine(engineUrl), CHAT_IMAGE, files, {
    ...HELLO_SETTINGS,
    Cmd: ['/node', '/app.cjs'],
  });
  return true;
}

/** What Node is linked with, where the loader looks for it. */
function libraries(): TarFile[] {
  const lines = execFileSync('ldd', [process.execPath], { encoding: 'utf8' }).split('\n');
  const paths = lines.flatMap((line) => /(?:=> )?(\/\S+) \(0x/.exec(line)?.[1] ?? []);
  return paths.map((path) => ({ path: path.slice(1), bytes: readFileSync(path), mode: 0o755 }));
}

/** A release of the app. */
export function chatCompose(revision: number, isBroken = false, stopGrace = '10s'): string {
  return `name: chat
services:
  web:
    image: ${CHAT_IMAGE}
    environment:
      GREETING: revision ${revision}
      BROKEN: "${isBroken ? 1 : 0}"
    ports: [8080]
    stop_grace_period: ${stopGrace}
    healthcheck:
      test: ["CMD", "wget", "-q", "-O-", "http://127.0.0.1:8080/health"]
      interval: 500ms
      timeout: 3s
      retries: 2
`;
}
