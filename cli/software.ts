import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { BUNDLE_LIMIT_BYTES, BundleRefused, readHeader } from '../firmware-bridge/update/bundle.ts';
import { ANY_BOARD } from '../runtime/manifest/firmware.ts';
import type { SoftwareKind } from '../runtime/ports/index.ts';
import { Exit, Failure } from './command.ts';

/** A bundle as a release names it. */
export interface Bundle {
  readonly path: string;
  readonly kind: SoftwareKind;
  readonly version: string;
  readonly board: string;
  readonly signer: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** Reads what a bundle says of itself. Throws {@link Failure} (exit code 2). */
export function readBundle(path: string): Bundle {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile())
    throw new Failure(`${path} does not exist; make one: npm run firmware-bundle, or npm run image`, Exit.badInput);
  return path.endsWith('.raucb') ? systemBundle(path) : firmwareBundle(path);
}

function firmwareBundle(path: string): Bundle {
  const { size } = statSync(path);
  if (size > BUNDLE_LIMIT_BYTES) throw new Failure(`${path} has ${size} bytes; that is no firmware bundle`, Exit.badInput);
  const content = readFileSync(path);
  try {
    const { header, key } = readHeader(content);
    const sha256 = createHash('sha256').update(content).digest('hex');
    return { path, kind: 'firmware', version: header.version, board: ANY_BOARD, signer: key, sha256, bytes: content.length };
  } catch (error) {
    throw error instanceof BundleRefused ? new Failure(`${path}: ${error.message}`, Exit.badInput) : error;
  }
}

/** Of a system's bundle the file of the same name says board, version and key. */
function systemBundle(path: string): Bundle {
  const about = path.replace(/\.raucb$/, '.json');
  if (!existsSync(about)) throw new Failure(`${about} is missing; "npm run image" puts it beside the bundle`, Exit.badInput);
  const { board, version, signer, bundleSha256 } = JSON.parse(readFileSync(about, 'utf8')) as Record<string, string>;
  const content = readFileSync(path);
  const sha256 = createHash('sha256').update(content).digest('hex');
  if (!board || !version || !signer || sha256 !== bundleSha256)
    throw new Failure(`${about} speaks of another bundle than ${path}; make both anew: npm run image`, Exit.badInput);
  return { path, kind: 'os', version, board, signer, sha256, bytes: content.length };
}

/** Gives a node a bundle that the ledger names. Throws {@link Failure} with the node's own sentence. */
export function bring({ path, sha256, bytes }: Bundle, url: string, onPercent: (percent: number) => void): Promise<void> {
  if (!URL.canParse(url)) throw new Failure(`--to "${url}" is no address such as http://10.0.0.2:4401`, Exit.badInput);
  return new Promise((resolve, reject) => {
    const away = (error: Error) => reject(new Failure(`${url} does not take the bundle: ${error.message}`));
    const sending = request(new URL(`/payload/${sha256}`, url), { method: 'PUT', headers: { 'content-length': bytes } });
    sending.on('error', away);
    sending.on('response', (response) => {
      let said = '';
      response.on('data', (chunk) => {
        said = (said + chunk).slice(0, 500);
      });
      response.on('end', () => (response.statusCode! < 300 ? resolve() : away(new Error(said.trim()))));
    });
    let sent = 0;
    const file = createReadStream(path);
    file.on('data', (chunk) => {
      sent += chunk.length;
      onPercent(Math.floor((sent * 10) / bytes) * 10);
    });
    file.on('error', away);
    file.pipe(sending);
  });
}
