import { readFileSync } from 'node:fs';
import type { Engine } from './engine.ts';
import { buildImage, type ImageSettings, importImage } from './image.ts';
import { hasImage } from './pull.ts';
import type { TarFile } from './tar.ts';

/** The image of the example app: busybox and one script, steered by environment variables. */
export const HELLO_IMAGE = 'classpad/hello:1';

/** A statically linked busybox, as Debian's busybox-static installs it. */
const BUSYBOX = '/bin/busybox';
/** Type of the ELF program header that names a dynamic linker. */
const PT_INTERP = 3;
const APPLETS = [
  'sh',
  'cat',
  'echo',
  'sleep',
  'kill',
  'mkdir',
  'printf',
  'httpd',
  'wget',
  'true',
  'false',
  'id',
  'touch',
  'ls',
  'head',
  'tr',
];

/**
 * Serves $GREETING (default `hello`) on $PORT (default 8080). BROKEN=1: answers every request with status 500.
 * CRASH_AFTER=SECONDS: ends by itself after that time with the exit code $CRASH_CODE (default 1). IGNORE_TERM=1: does
 * not end when asked to.
 */
const SCRIPT = `#!/bin/sh
port="\${PORT:-8080}"
greeting="\${GREETING:-hello}"
root=/dev/shm/www
if [ "$BROKEN" = 1 ]; then root=/broken; else mkdir -p "$root" && echo "$greeting" > "$root/index.html"; fi
if [ -n "$CRASH_AFTER" ]; then
  echo "hello crashes after $CRASH_AFTER s"
  sleep "$CRASH_AFTER"
  exit "\${CRASH_CODE:-1}"
fi
httpd -f -p "$port" -h "$root" &
server=$!
if [ "$IGNORE_TERM" = 1 ]; then trap '' TERM; else trap 'kill $server; exit 0' TERM INT; fi
echo "hello serves \\"$greeting\\" on port $port"
echo "hello is BROKEN=\${BROKEN:-0}" >&2
loops=0
while [ "$loops" -lt "\${BUSY:-0}" ]; do
  (while :; do :; done) &
  loops=$((loops + 1))
done
while [ -n "$LEAK" ]; do
  kept="$kept$(head -c "$((LEAK * 1048576))" /dev/zero | tr '\\0' x)"
  sleep 1 &
  wait $!
done
wait $server
`;

const BROKEN_PAGE = `#!/bin/sh
printf 'Status: 500 Internal Server Error\\r\\nContent-Type: text/plain\\r\\n\\r\\nbroken on purpose\\n'
`;

/** How its containers begin, and those of images around it. */
export const HELLO_SETTINGS: ImageSettings = { Env: ['PATH=/bin'], Cmd: ['/bin/hello'], ExposedPorts: { '8080/tcp': {} } };

/**
 * Makes {@link HELLO_IMAGE} on the engine unless it is there: from this machine's static busybox, with the same id wherever that is the
 * same; else from the registry's.
 */
export async function ensureHelloImage(engine: Engine): Promise<void> {
  if (await hasImage(engine, HELLO_IMAGE)) return;
  const busybox = readStatic(BUSYBOX);
  if (busybox) await importImage(engine, HELLO_IMAGE, helloFiles(busybox), HELLO_SETTINGS);
  else await buildImage(engine, HELLO_IMAGE, [dockerfile(), ...scripts()]);
}

/** The root of the image, around a static busybox. */
export function helloFiles(busybox: Uint8Array): TarFile[] {
  return [
    { path: 'tmp/', mode: 0o1777 },
    { path: 'bin/', mode: 0o755 },
    { path: 'bin/busybox', bytes: busybox, mode: 0o755 },
    ...APPLETS.map((name) => ({ path: `bin/${name}`, link: 'busybox', mode: 0o777 })),
    ...scripts(),
  ];
}

function scripts(): TarFile[] {
  return [
    { path: 'bin/hello', bytes: Buffer.from(SCRIPT), mode: 0o755 },
    { path: 'broken/cgi-bin/index.cgi', bytes: Buffer.from(BROKEN_PAGE), mode: 0o755 },
  ];
}

function dockerfile(): TarFile {
  const { Env, Cmd } = HELLO_SETTINGS;
  const settings = [`ENV ${Env[0]}`, 'EXPOSE 8080', `CMD ${JSON.stringify(Cmd)}`];
  const lines = ['FROM busybox:1.36', 'COPY bin/hello /bin/hello', 'COPY broken /broken', ...settings];
  return { path: 'Dockerfile', bytes: Buffer.from(`${lines.join('\n')}\n`), mode: 0o644 };
}

/** A 64- or 32-bit little-endian ELF program without an interpreter (PT_INTERP): it needs no other file. */
export function readStatic(path: string): Uint8Array | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    return undefined;
  }
  if (bytes.length < 64 || bytes.toString('latin1', 0, 4) !== '\x7fELF') return undefined;
  const wide = bytes[4] === 2;
  const tableAt = wide ? Number(bytes.readBigUInt64LE(32)) : bytes.readUInt32LE(28);
  const rowBytes = bytes.readUInt16LE(wide ? 54 : 42);
  const rows = bytes.readUInt16LE(wide ? 56 : 44);
  for (let row = 0; row < rows; row++) {
    if (bytes.readUInt32LE(tableAt + row * rowBytes) === PT_INTERP) return undefined;
  }
  return bytes;
}
