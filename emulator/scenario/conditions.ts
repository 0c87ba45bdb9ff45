import { Label } from '../../runtime/ports/index.ts';
import type { Board } from '../board.ts';
import { duration, type Fields, names, oneOf, text, whole } from './fields.ts';
import type { Play } from './play.ts';

/** What must hold: each key of an `until` or `expect`, with its value. */
export type Wanted = Readonly<Record<string, unknown>>;

/** Answers what is still missing, in words; nothing if it holds. */
type Condition = (play: Play, boards: readonly Board[], value: never) => Promise<string | undefined> | string | undefined;

interface Row {
  readonly field: Fields[string];
  readonly test: Condition;
}

const row = <T>(
  field: { what: string; read: (value: unknown) => T | undefined },
  test: (play: Play, boards: readonly Board[], value: T) => Promise<string | undefined> | string | undefined,
): Row => ({ field, test: test as Condition });

const phases = ['none', 'proposed', 'rolling out', 'active', 'rolled back', 'superseded'] as const;

const rows: Readonly<Record<string, Row>> = {
  /** `active`: the latest revision stands so. */
  phase: row(oneOf(...phases), async (play, _, phase) => {
    const { revision, release } = await play.latest();
    const now = phases[release.phase] ?? 'unknown';
    return now === phase ? undefined : `${play.app} r${revision} to be ${phase}; it is ${now}`;
  }),
  revision: row(whole, async (play, _, revision) => {
    const { revision: now } = await play.latest();
    return now === revision ? undefined : `r${revision} to be the latest; it is r${now}`;
  }),
  active: row(whole, async (play, _, revision) => {
    const now = Number(await play.operators.read('active', [play.appWord]));
    return now === revision ? undefined : `r${revision} to be active; it is r${now}`;
  }),
  /** Healthy on this revision, with nothing of another left. 0: the one that is active. */
  runs: row(whole, async (play, boards, value) => {
    const revision = value === 0 ? Number(await play.operators.read('active', [play.appWord])) : value;
    const late = boards.filter((board) => !isOn(play, board, revision));
    return late.length > 0
      ? `${fewNames(late.map(({ identity }) => identity.name))} to be healthy on r${revision} with nothing else left`
      : undefined;
  }),
  ledger: row(oneOf('same'), (_, boards) => {
    const heads = boards.map((board) => board.status()?.head.hash);
    const odd = boards.filter((_board, index) => heads[index] === undefined || heads[index] !== heads[0]);
    return odd.length > 0
      ? `${fewNames(odd.map(({ identity }) => identity.name))} to show the same block as the others`
      : undefined;
  }),
  block: row(whole, (play, _, block) => {
    const now = play.stage.world.sequencer.status()?.head.number ?? 0;
    return now >= block ? undefined : `block ${block}; it is ${now}`;
  }),
  serves: row(text, async (play, boards, body) => {
    const wrong: string[] = [];
    for (const board of boards) {
      const answer = await play.stage.get(play.stage.world.boards.indexOf(board), '/');
      if (answer.status !== 200 || answer.body.trim() !== body)
        wrong.push(`${board.identity.name} (${answer.status} "${answer.body.trim().slice(0, 40)}")`);
    }
    return wrong.length > 0 ? `"${body}" from ${fewNames(wrong)}` : undefined;
  }),
  power: row(oneOf('on', 'off'), (_, boards, power) => {
    const wrong = boards.filter(({ powered }) => powered !== (power === 'on'));
    return wrong.length > 0 ? `${fewNames(wrong.map(({ identity }) => identity.name))} to have its power ${power}` : undefined;
  }),
  state: row(oneOf('healthy', 'changing', 'failed', 'offline'), (_, boards, state) => {
    const wrong = boards.filter((board) => (board.status()?.state ?? 'offline') !== state);
    return wrong.length > 0 ? `${fewNames(wrong.map(({ identity }) => identity.name))} to be ${state}` : undefined;
  }),
  /** Some device gave this, or a sentence that holds it, as why the latest revision is not well. */
  reason: row(text, async (play, _, words) => {
    const { revision } = await play.latest();
    const given = (await play.operators.events()).flatMap((event) =>
      event.name === 'Attested' && event.app === play.app && event.revision === revision && event.reason ? [event.reason] : [],
    );
    const said = given.length === 0 ? 'none was given' : `there are "${fewNames([...new Set(given)])}"`;
    return given.some((reason) => reason.includes(words)) ? undefined : `"${words}" as a reason; ${said}`;
  }),
  /** How often firmware was stopped, at most. */
  'faults-at-most': row(whole, (_, boards, most) => {
    const faults = boards.reduce((sum, board) => sum + board.faults, 0);
    return faults <= most ? undefined : `at most ${most} faults of firmware; there were ${faults}`;
  }),
  'faults-at-least': row(whole, (_, boards, least) => {
    const faults = boards.reduce((sum, board) => sum + board.faults, 0);
    return faults >= least ? undefined : `at least ${least} faults of firmware; there were ${faults}`;
  }),
  'healthy-votes': row(whole, async (play, _, least) => votes(play, 'healthyVotes', least)),
  'unhealthy-votes': row(whole, async (play, _, least) => votes(play, 'unhealthyVotes', least)),
};

export const conditionFields: Fields = Object.fromEntries(Object.entries(rows).map(([name, { field }]) => [name, field]));
export const conditionOptions: Fields = { devices: names, except: names };
export const untilOptions: Fields = { ...conditionOptions, within: duration };

/** The first thing that is missing; nothing if all holds. */
export async function missing(play: Play, wanted: Wanted, boards: readonly Board[]): Promise<string | undefined> {
  for (const [name, value] of Object.entries(wanted)) {
    const what = await rows[name]!.test(play, boards, value as never);
    if (what !== undefined) return what;
  }
  return undefined;
}

async function votes(play: Play, kind: 'healthyVotes' | 'unhealthyVotes', least: number): Promise<string | undefined> {
  const now = (await play.latest()).release[kind];
  return now >= least
    ? undefined
    : `at least ${least} ${kind === 'healthyVotes' ? 'healthy' : 'unhealthy'} votes; there are ${now}`;
}

function isOn({ app }: Play, board: Board, revision: number): boolean {
  const status = board.status();
  const release = status?.releases.find((each) => each.app === app);
  // A device that nobody can reach runs what it runs.
  const stands = status?.state === 'healthy' || (status?.state === 'offline' && status.peers.length === 0);
  if (!stands || release?.revision !== revision || release.health !== 'healthy') return false;
  const found = board.engine.virtual?.look() ?? [];
  return (
    found.length > 0 && found.every(({ labels, state }) => labels[Label.revision] === String(revision) && state === 'running')
  );
}

export function fewNames(all: readonly string[]): string {
  const more = all.length - 3;
  return more > 0 ? `${all.slice(0, 3).join(', ')} and ${more} more` : all.join(', ');
}
