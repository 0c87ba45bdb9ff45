/** What of a device's own software is meant: the firmware alone, or the whole system with its kernel. */
export type SoftwareKind = 'firmware' | 'os';

/** Software that runs on this device. */
export interface Running {
  readonly version: string;
  /** Of the bundle it was installed from, 64 hexadecimal digits; `undefined` if it came with the image. */
  readonly sha256: string | undefined;
  /** The revision of the release that brought it; 0: none did. */
  readonly revision: number;
  /** It has served: the engine answered, the VM passed its self-test, the ledger was read. */
  readonly isGood: boolean;
}

/** Software that a release wants here. */
export interface Update {
  readonly kind: SoftwareKind;
  readonly app: string;
  readonly revision: number;
  readonly version: string;
  readonly sha256: string;
  readonly bytes: number;
  /** SHA-256 of the builder's public key, as the ledger names it. */
  readonly signer: string;
}

/** How a device replaces its own software. One update at a time; a power cut at any moment leaves the one before or the one after. */
export interface Updater {
  /** What bundles for this device are called in a release. */
  readonly board: string;
  running(kind: SoftwareKind): Running;
  /** Why software with this hash does not run here: refused, or gone back from. */
  failure(sha256: string): string | undefined;
  /** What is being done now, in words, for the LCD; `undefined`: nothing. */
  doing(): string | undefined;
  /** Fetches, checks, installs and starts it; the device restarts on the way. Asked again while it is at it, it does nothing. */
  apply(update: Update): void;
  /** Starts what ran before. */
  goBack(kind: SoftwareKind, reason: string): void;
}
