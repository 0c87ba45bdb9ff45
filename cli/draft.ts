import { type Hex, type PrivateKeyAccount, stringToHex, toHex } from 'viem';
import type { Terms } from '../runtime/contracts/proposal.ts';
import type { Input, Io, Option } from './command.ts';
import { readCompose } from './compose.ts';
import { type Connection, connect, connectionOptions, demandFleet } from './fleet/connection.ts';
import { keyOptions, operatorKeys } from './fleet/keys.ts';
import { type Pinned, pinOptions, pinRelease } from './pin.ts';
import { appName, durationSeconds, labelText, wholeNumber } from './values.ts';

/** A release as it goes onto the ledger, and with what. */
export interface Draft {
  readonly app: string;
  readonly connection: Connection;
  readonly keys: readonly PrivateKeyAccount[];
  readonly bytes: Uint8Array;
  readonly pins: Pinned['pins'];
  readonly release: { readonly app: Hex; readonly manifest: Hex; readonly terms: Terms; readonly notes: string };
}

const CANARY_MOST = 100;
const PERCENT_MOST = 99;

/** What every release may say of its rollout. */
export const termOptions: Readonly<Record<string, Option>> = {
  window: { value: 'TIME', fallback: '2m', help: 'how long the devices may take to judge it' },
  canary: { value: 'N|N%', fallback: '0', help: 'how many devices try it before all others; 0: all at once' },
  label: { value: 'KEY=VALUE', many: true, help: 'only devices that carry every label' },
  expires: { value: 'TIME', help: 'after this long it can no longer start' },
  notes: { value: 'TEXT', fallback: '', help: 'why, for those who approve it' },
};

/** What every command may say that puts a Compose file onto the ledger. */
export const draftOptions: Readonly<Record<string, Option>> = {
  app: { value: 'NAME', help: "the app; without it the file's name: or its folder" },
  ...connectionOptions,
  ...keyOptions,
  ...pinOptions,
  ...termOptions,
};

/** Reads the Compose file, reaches the fleet and pins the images. Throws {@link Failure}. */
export async function draft(input: Input, io: Io): Promise<Draft> {
  const file = readCompose(input.operands[0]!);
  const app = appName(input.text('app') ?? file.name, input.text('app') ? '--app' : '--app is missing, and the name of the file');
  const terms = termsOf(input);
  const connection = await connect(input);
  const keys = operatorKeys(input, io, connection);
  await demandFleet(connection);
  const { bytes, pins } = await pinRelease(file.manifest, connection, input, io);
  const release = { app: stringToHex(app, { size: 32 }), manifest: toHex(bytes), terms, notes: input.text('notes')! };
  return { app, connection, keys, bytes, pins, release };
}

/** Throws {@link Failure}. */
export function termsOf(input: Input): Terms {
  const canary = input.text('canary')!;
  const inPercent = canary.endsWith('%');
  const expires = input.text('expires');
  return {
    healthWindow: durationSeconds(input.text('window')!, '--window'),
    expiresAt: expires === undefined ? 0 : Math.floor(Date.now() / 1000) + durationSeconds(expires, '--expires'),
    canary: wholeNumber(canary.replace('%', ''), '--canary', 0, inPercent ? PERCENT_MOST : CANARY_MOST),
    inPercent,
    labels: input.list('label').map(labelText),
  };
}
