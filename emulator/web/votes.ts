import type { ChangeView, DeviceView, LedgerRow, Snapshot } from '../protocol.ts';

export type Release = NonNullable<Snapshot['release']>;
export type Vote = 'healthy' | 'unhealthy';

/** Where a release stands between keeping it and going back. */
export interface Tally {
  /** Devices, those with the leading vote first, those that are cut off last. */
  readonly boxes: readonly { readonly device: DeviceView; readonly vote: Vote | undefined }[];
  readonly isBack: boolean;
  readonly count: number;
  /** Votes at which the contract decides: a quorum, or for going back already so many that no quorum can find it healthy. */
  readonly needed: number;
}

export function tallyOf(release: Release, { devices, ledger }: Pick<Snapshot, 'devices' | 'ledger'>): Tally {
  const { healthyVotes, unhealthyVotes, quorum, voters } = release;
  const isBack = release.phase === 'rolled back' || unhealthyVotes > healthyVotes;
  const leading: Vote = isBack ? 'unhealthy' : 'healthy';
  const votes = votesOn(release, ledger);
  const rank = (device: DeviceView) => {
    const vote = votes.get(device.name);
    return vote === leading ? 0 : vote ? 1 : device.state === 'offline' ? 3 : 2;
  };
  const boxes = [...devices].sort((a, b) => rank(a) - rank(b)).map((device) => ({ device, vote: votes.get(device.name) }));
  const needed = isBack ? Math.min(quorum, voters - quorum + 1) : quorum;
  return { boxes, isBack, count: isBack ? unhealthyVotes : healthyVotes, needed };
}

/** The ledger's rows on one release: their text begins with its name. */
export function rowsOn({ app, revision }: Release, ledger: readonly LedgerRow[]): LedgerRow[] {
  const name = `${app} r${revision}`;
  return ledger.filter(({ text }) => text === name || text.startsWith(`${name} `));
}

/** Why devices found a release unhealthy, each reason with those who gave it. */
export function reasonsOf(
  release: Release,
  ledger: readonly LedgerRow[],
): { readonly reason: string; readonly who: readonly string[] }[] {
  const byReason = new Map<string, string[]>();
  for (const { what, text, who } of rowsOn(release, ledger)) {
    const reason = what === 'Attested' ? text.split(' unhealthy: ')[1] : undefined;
    if (reason === undefined) continue;
    const names = byReason.get(reason) ?? [];
    byReason.set(reason, names.includes(who) ? names : [...names, who]);
  }
  return [...byReason].map(([reason, who]) => ({ reason, who }));
}

/** Words of a complaint, and the fields of a manifest that may be behind it. */
const CAUSES: readonly (readonly [complaint: RegExp, field: RegExp])[] = [
  [/memory|137/i, /memory/i],
  [/health check|probe/i, /healthcheck|command|environment|entrypoint/i],
  [/exit code|keeps ending/i, /command|environment|entrypoint|image/i],
  [/image|pull/i, /image/i],
];

/** The change that fits what the devices complain of: never claimed as certain. */
export function likelyCause(changes: readonly ChangeView[], reasons: readonly string[]): ChangeView | undefined {
  for (const reason of reasons) {
    const fields = CAUSES.filter(([complaint]) => complaint.test(reason)).map(([, field]) => field);
    const fitting = changes.filter(({ field }) => fields.some((one) => one.test(field)));
    // What was not there before is likelier than what only reads otherwise.
    const found = fitting.find(({ before }) => before === '') ?? fitting[0];
    if (found) return found;
  }
  return reasons.length > 0 && changes.length === 1 ? changes[0] : undefined;
}

const DECISIONS: readonly string[] = ['Proposed', 'Approved', 'RollingOut', 'Promoted', 'RolledBack', 'Superseded'];

/** The last row that moved a release on its way. */
export function decisionOn(release: Release, ledger: readonly LedgerRow[]): LedgerRow | undefined {
  return rowsOn(release, ledger).findLast(({ what }) => DECISIONS.includes(what));
}

/** Who voted what; who votes again has changed its mind. */
function votesOn(release: Release, ledger: readonly LedgerRow[]): Map<string, Vote> {
  const attested = rowsOn(release, ledger).filter(({ what }) => what === 'Attested');
  return new Map(attested.map(({ who, state }) => [who, state === 'healthy' ? 'healthy' : 'unhealthy']));
}
