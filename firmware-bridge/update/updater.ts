import { linkSync, readFileSync, rmSync } from 'node:fs';
import type { Logger } from '../../runtime/ports/index.ts';
import type { Running, SoftwareKind, Update, Updater } from '../../runtime/ports/updater.ts';
import { BUNDLE_LIMIT_BYTES, BundleRefused, certificatesOf, keyId, openFirmware } from './bundle.ts';
import type { Os } from './os.ts';
import type { Payloads } from './payloads.ts';
import type { Slots } from './slots.ts';
import { obtain } from './sources.ts';

export interface UpdaterOptions {
  readonly slots: Slots;
  readonly os: Os;
  readonly payloads: Payloads;
  /** Certificates this device trusts by itself, as PEM. */
  readonly keyring: string;
  /** Whether the ledger still names a bundle, for this device or for a sister that may ask for it. */
  readonly isNamed: (sha256: string) => boolean;
  readonly peers: readonly string[];
  readonly sticks: () => readonly string[];
  readonly log: Logger;
  /** Ends this process in good order, so that the launcher starts what is current now. */
  readonly restart: () => void;
  /** The version of the firmware that runs. */
  readonly version: string;
  /** As that of {@link obtain}. */
  readonly patienceMs?: number;
}

const FIRST_RETRY_MS = 5_000;
const LAST_RETRY_MS = 300_000;

/** The updater of a device with slots: one update at a time, whatever its kind. */
export function createUpdater(options: UpdaterOptions): Updater {
  const { slots, os, payloads, isNamed, log } = options;
  let doing: string | undefined;
  let retryMs = FIRST_RETRY_MS;
  let notBeforeMs = 0;
  const started = slots.state();

  function runningFirmware(): Running {
    const { current } = started;
    const installed = current === 'factory' ? undefined : slots.state().slots[current];
    if (!installed) return { version: options.version, sha256: undefined, revision: 0, isGood: true };
    const { version, sha256, revision, isGood } = installed;
    return { version, sha256, revision, isGood };
  }

  const install = installers(options, tell);

  function tell(sentence: string): void {
    if (doing !== sentence) log.write('debug', sentence);
    doing = sentence;
  }

  function refuse({ kind, sha256, version }: Update, why: string): void {
    const reason = `${kind} ${version} is refused: ${why}`;
    log.write('error', reason);
    (kind === 'os' ? os : slots).fail({ sha256, version, reason });
    doing = undefined;
  }

  /** A source may come back, and a full disk may have room again: that is no fault of the release. */
  function later({ kind, version }: Update, what: string, error: Error): void {
    notBeforeMs = performance.now() + retryMs;
    retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
    log.write('warn', `${kind} ${version} cannot be ${what} yet: ${error.message}`);
    doing = undefined;
  }

  async function work(update: Update): Promise<void> {
    const { sha256, bytes, kind, version } = update;
    // It would be taken into memory to be opened.
    if (kind === 'firmware' && bytes > BUNDLE_LIMIT_BYTES)
      return refuse(update, `it has ${bytes} bytes; a bundle has at most ${BUNDLE_LIMIT_BYTES}`);
    tell(`fetching ${kind} ${version}`);
    let path: string;
    try {
      payloads.prune((name) => name === sha256 || isNamed(name));
      path = await obtain({ sha256, bytes }, { ...options, onProgress: tell });
    } catch (error) {
      return later(update, 'fetched', error as Error);
    }
    try {
      tell(`installing ${kind} ${version}`);
      await install[kind](update, path);
      retryMs = FIRST_RETRY_MS;
    } catch (error) {
      const { syscall, message } = error as NodeJS.ErrnoException;
      if (syscall === undefined) refuse(update, message);
      else later(update, 'installed', error as Error);
    }
  }

  return {
    board: os.about.board,
    running: (kind) => (kind === 'os' ? os.running() : runningFirmware()),
    failure: (sha256) => os.failure(sha256) ?? slots.state().failures.find((one) => one.sha256 === sha256)?.reason,
    doing: () => doing,
    apply(update) {
      if (doing !== undefined || performance.now() < notBeforeMs) return;
      doing = `fetching ${update.kind} ${update.version}`;
      log.write('info', `the ledger wants ${update.kind} ${update.version} (revision ${update.revision})`);
      work(update).catch((error: Error) => later(update, 'refused', error));
    },
    goBack(kind, reason) {
      if (doing !== undefined) return;
      doing = `going back from ${kind} ${kind === 'os' ? os.about.version : options.version}`;
      log.write('warn', `${doing}: ${reason}`);
      if (kind === 'os')
        void os
          .goBack(reason)
          .then(os.reboot)
          .catch((error: Error) => {
            log.write('error', `${doing} failed: ${error.message}`);
            doing = undefined;
          });
      else {
        slots.goBack(reason);
        options.restart();
      }
    },
  };
}

type Installers = { readonly [K in SoftwareKind]: (update: Update, path: string) => Promise<void> };

/** How each kind is checked and put in its place. What is not in order throws {@link BundleRefused}. */
function installers({ slots, os, keyring, log, restart }: UpdaterOptions, tell: (sentence: string) => void): Installers {
  return {
    async firmware(update, path) {
      const bundle = openFirmware(readFileSync(path), keyring);
      if (bundle.key !== update.signer) throw new BundleRefused('another key signed it than the one the ledger names');
      if (bundle.header.version !== update.version)
        throw new BundleRefused(`it calls itself ${bundle.header.version}, and the ledger ${update.version}`);
      slots.install(bundle, { sha256: update.sha256, app: update.app, revision: update.revision });
      log.write('info', `firmware ${update.version} is installed; starting it`);
      restart();
    },
    async os(update, path) {
      if (!certificatesOf(keyring).some((certificate) => keyId(certificate) === update.signer))
        throw new BundleRefused('the ledger names a key that this device does not trust');
      const named = `${path}.raucb`;
      rmSync(named, { force: true });
      linkSync(path, named);
      try {
        await os.install(named, { version: update.version, sha256: update.sha256, revision: update.revision }, tell);
      } catch (error) {
        const { syscall, message } = error as NodeJS.ErrnoException;
        throw syscall === undefined ? new BundleRefused(message) : error;
      } finally {
        rmSync(named, { force: true });
      }
      log.write('info', `system ${update.version} is installed; restarting into it`);
      await os.reboot();
    },
  };
}
