import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A registry with one image, and one whose layer breaks off half-way; everything else it does not know. */
export interface FakeRegistry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  close(): void;
}

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';

/**
 * Speaks as much of the Registry HTTP API V2 as a pull needs, without TLS (the engine allows that on the loopback).
 * `/good:1` is an image of this one layer, `/cut:1` a copy of it whose layer ends early.
 */
export async function fakeRegistry(layer: Uint8Array): Promise<FakeRegistry> {
  // The broken image has a layer and configuration of its own, or the engine would take the good ones it already has.
  const cutLayer = Buffer.concat([layer, Buffer.alloc(512)]);
  const config = configuration(layer);
  const cutConfig = configuration(cutLayer);
  const blobs = new Map<string, Uint8Array>([
    [digest(config), config],
    [digest(cutConfig), cutConfig],
    [digest(layer), layer],
    [digest(cutLayer), cutLayer.subarray(0, 2000)],
  ]);
  const manifests = new Map([
    ['good', manifest(config, layer)],
    ['cut', manifest(cutConfig, cutLayer)],
  ]);
  const server = createServer((request, response) => {
    const [, name = '', kind = '', reference = ''] = /^\/v2\/(\w+)\/(manifests|blobs)\/(.+)$/.exec(request.url ?? '') ?? [];
    const body = kind === 'manifests' ? manifests.get(name) : kind === 'blobs' ? blobs.get(reference) : undefined;
    if (request.url === '/v2/') response.end('{}');
    else if (!body) response.writeHead(404, { 'content-type': 'application/json' }).end(unknownManifest(name));
    else {
      const type = kind === 'manifests' ? MANIFEST : 'application/octet-stream';
      response.writeHead(200, { 'content-type': type, 'content-length': body.length, 'docker-content-digest': digest(body) });
      response.end(request.method === 'HEAD' ? undefined : body);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}

function configuration(layer: Uint8Array): Buffer {
  return Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: { Cmd: ['/bin/hello'] },
      rootfs: { type: 'layers', diff_ids: [digest(layer)] },
    }),
  );
}

function manifest(config: Uint8Array, layer: Uint8Array): Buffer {
  const blob = (mediaType: string, bytes: Uint8Array) => ({ mediaType, size: bytes.length, digest: digest(bytes) });
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: blob('application/vnd.docker.container.image.v1+json', config),
      layers: [blob('application/vnd.docker.image.rootfs.diff.tar', layer)],
    }),
  );
}

function unknownManifest(name: string): string {
  return JSON.stringify({ errors: [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown', detail: name }] });
}

function digest(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
