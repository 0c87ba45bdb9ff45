import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './shell.ts';

/** With what payloads are signed, and what devices hold signatures against. */
export interface Keys {
  /** Path of the private key; it is read where it is and copied nowhere. */
  readonly key: string;
  /** Path of its certificate. */
  readonly certificate: string;
  /** The certificates that an image trusts, as PEM. */
  readonly keyring: string;
  readonly isDevelopment: boolean;
}

const DEVELOPMENT_SUBJECT = '/O=classpad development, protects nothing/CN=classpad development';

/** The release keys that were named, or development keys made on demand in the given folder. */
export async function signingKeys(folder: string, key: string | undefined, certificate: string | undefined): Promise<Keys> {
  if (key !== undefined && certificate !== undefined) return releaseKeys(key, certificate);
  if (key !== undefined || certificate !== undefined) throw new Error('--key and --cert belong together; give both or neither');
  const paths = { key: join(folder, 'development.key.pem'), certificate: join(folder, 'development.cert.pem') };
  if (!existsSync(paths.key) || !existsSync(paths.certificate)) await makeKeys(folder, paths, DEVELOPMENT_SUBJECT);
  return { ...paths, keyring: readFileSync(paths.certificate, 'utf8'), isDevelopment: true };
}

/** A new key (P-256) and a certificate that RAUC takes: it must say that it is for signatures. */
export async function makeKeys(folder: string, paths: { key: string; certificate: string }, subject: string): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-sha256', '-days', '36500'],
    ...['-subj', subject, '-keyout', paths.key, '-out', paths.certificate],
    ...['-addext', 'keyUsage=critical,digitalSignature', '-addext', 'basicConstraints=critical,CA:false'],
  ]);
}

function releaseKeys(key: string, path: string): Keys {
  const certificate = new X509Certificate(readPem(path, '--cert'));
  if (!certificate.checkPrivateKey(createPrivateKey(readPem(key, '--key'))))
    throw new Error(`--cert ${path} is not the certificate of --key ${key}`);
  if (certificate.subject.includes('classpad development'))
    throw new Error(`--cert ${path} is a development certificate; make one for releases`);
  return { key, certificate: path, keyring: certificate.toString(), isDevelopment: false };
}

function readPem(path: string, option: string): string {
  if (!existsSync(path)) throw new Error(`${option}: there is no file ${path}`);
  return readFileSync(path, 'utf8');
}
