/**
 * Pulls a board's plug (SIGKILL of QEMU) at random points of updates, of firmware and of its whole system, and looks each time
 * whether it boots and tells the truth about what it runs, and in the end whether that is what its fleet has decided:
 *   npm run image -- --board qemu-x86_64 --quick && npm run image:cuts -- --seed 1 --count 10
 */
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Exit } from '../../cli/command.ts';
import { version } from '../../cli/root.ts';
import { runAlone, wholeOf } from '../../cli/script.ts';
import { wholeNumber } from '../../cli/values.ts';
import { areImagesThere, type Board, type BoardFleet, board, boardFleet, IMAGES, otherImage, repack } from '../support/boards.ts';
import { need } from '../support/need.ts';

interface Point {
  /** What the console says on the way of an update. */
  readonly mark: RegExp;
  /** The plug is pulled at random within so long after it. */
  readonly spreadMs: number;
}

const POINTS = {
  firmware: [
    { mark: /wants firmware/, spreadMs: 4_000 },
    { mark: /firmware \S+ is installed/, spreadMs: 4_000 },
    { mark: /launcher: firmware/, spreadMs: 4_000 },
    { mark: /classpad \S+ on /, spreadMs: 4_000 },
  ],
  // Fetching a system and writing it into its slot takes longest.
  os: [
    { mark: /wants os/, spreadMs: 40_000 },
    { mark: /wants os/, spreadMs: 40_000 },
    { mark: /restarting into it/, spreadMs: 10_000 },
    { mark: /classpad: slot/, spreadMs: 20_000 },
    { mark: /launcher: firmware/, spreadMs: 20_000 },
  ],
} as const satisfies Readonly<Record<string, readonly Point[]>>;
/** A system is fetched, written and started in minutes. */
const MARK_WITHIN_MS = 600_000;
const SERVING = /serving: firmware (\S+) and system (\S+) are good/g;

type Kind = keyof typeof POINTS;
type Slot = 'A' | 'B';

interface Cut {
  readonly kind: Kind;
  readonly mark: RegExp;
  readonly delayMs: number;
}

/** Two of three cuts are in updates of firmware; what is drawn follows from the seed alone. */
function draw(seed: number, count: number): Cut[] {
  let state = (seed * 2_654_435_761) % 2_147_483_647 || 1;
  const random = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  return Array.from({ length: count }, (_, index) => {
    const kind: Kind = index < Math.ceil((count * 2) / 3) ? 'firmware' : 'os';
    const { mark, spreadMs } = POINTS[kind][Math.floor(random() * POINTS[kind].length)]!;
    return { kind, mark, delayMs: Math.floor(random() * spreadMs) };
  });
}

/** The firmware says itself, before anything else, what it was built as: no state on any disk can make it lie. */
const builtAs = (as: string) => `console.error('built as ${as}');`;

interface World {
  readonly fleet: BoardFleet;
  pad: Board;
  /** What was released of each kind: revision 1 first. */
  readonly released: Readonly<Record<Kind, string[]>>;
  /** What was last written into each slot of systems. */
  readonly written: Record<Slot, string>;
  runningSlot: Slot;
}

async function release(world: World, kind: Kind): Promise<void> {
  const { fleet, released, written } = world;
  const next = kind === 'os' ? `0.${released.os.length + 2}.0` : `0.1.${released.firmware.length + 1}`;
  const path = join(fleet.folder, `${next}.firmware`);
  const made = kind === 'os' ? `${otherImage(next)}.raucb` : await repack(path, next, {}, undefined, builtAs(next));
  const to = ['--to', `http://127.0.0.1:${fleet.host.ports.peers}`, '--window', '60m', '--no-wait'];
  const { code, printed } = await fleet.decide('firmware', 'propose', made, ...to);
  if (code !== 0) throw new Error(printed);
  released[kind].push(next);
  if (kind === 'os') written[world.runningSlot === 'A' ? 'B' : 'A'] = next;
}

/** Waits for the mark and a while, pulls the plug, and switches the board on again. Answers whether the mark came. */
async function cutPower(world: World, { kind, mark, delayMs }: Cut): Promise<boolean> {
  const { fleet, written, released, runningSlot } = world;
  const isThereAlready = kind === 'os' && written[runningSlot] === released.os.at(-1);
  if (isThereAlready) await fleet.until('the fleet has decided', async () => !(await isRollingOut(fleet, kind)) || undefined);
  const isGoingOn = await isRollingOut(fleet, kind);
  let from = world.pad.machine.serial().length;
  if (!isGoingOn) await release(world, kind);
  // An update that was cut before goes on as soon as the board is back, and may have said so already.
  else if (mark.source.includes('wants')) from = 0;
  const isThere = await fleet.until(`${kind}: ${mark.source}`, world.pad.has(mark, from), MARK_WITHIN_MS).catch(() => false);
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  await world.pad.machine.kill();
  world.pad = await fleet.start(world.pad.name);
  return isThere !== false;
}

async function isRollingOut(fleet: BoardFleet, kind: Kind): Promise<boolean> {
  return (await historyOf(fleet, kind)).some(({ phase }) => phase === 'rolling out');
}

/** The releases of a kind, the newest first. */
async function historyOf(fleet: BoardFleet, kind: Kind): Promise<{ phase: string; revision: string }[]> {
  const { code, printed } = await fleet.classpad('history', kind, '--json');
  return code === 0 ? JSON.parse(printed) : [];
}

/** It boots, serves, and says by its JSON-RPC and on its console what really started. */
async function truth(world: World): Promise<{ isTrue: boolean; sentence: string }> {
  const { fleet, pad, written } = world;
  await fleet.until('it serves again', pad.has(new RegExp(SERVING.source)));
  const heard = pad.machine.serial();
  const last = [...heard.matchAll(SERVING)].at(-1)!;
  const [, firmware = '', system = ''] = last;
  const said = heard.slice(0, last.index);
  const slot = [...said.matchAll(/classpad: slot ([AB])/g)].at(-1)?.[1] as Slot;
  const lies = [];
  // What an image came with says no such line; it has the image's version.
  const built = /built as (\S+)/.exec(said.slice(said.lastIndexOf('launcher: firmware')))?.[1] ?? written[slot];
  if (built !== firmware) lies.push(`it was built as ${built} and calls itself ${firmware}`);
  // It may have gone on to the next one meanwhile.
  const asked = await fleet.until('it answers', () => pad.version());
  if (asked !== firmware && !pad.machine.serial().includes(`built as ${asked}`)) lies.push(`it answers ${asked}`);
  if (system !== written[slot]) lies.push(`it calls system ${written[slot]} in slot ${slot} ${system}`);
  world.runningSlot = slot;
  return {
    isTrue: lies.length === 0,
    sentence: lies.join('; ') || `it runs firmware ${firmware}, system ${system} from slot ${slot}`,
  };
}

/** The fleet decides, and what the board runs is what it has decided. */
async function settled({ fleet, pad, released }: World, kind: Kind): Promise<string> {
  await fleet.until('the fleet has decided', async () => ((await isRollingOut(fleet, kind)) ? undefined : true));
  const [{ phase, revision } = { phase: 'never proposed', revision: '0' }] = await historyOf(fleet, kind);
  const active = (await historyOf(fleet, kind)).find((one) => one.phase === 'active');
  const wanted = active ? released[kind][Number(active.revision) - 1]! : version;
  const last = () => [...pad.machine.serial().matchAll(SERVING)].at(-1);
  const runs = kind === 'os' ? () => last()?.[2] : () => pad.version();
  await fleet.until(`${kind} ${wanted} runs`, async () => ((await runs()) === wanted ? true : undefined));
  return `revision ${revision} is ${phase}; the ledger wants ${kind} ${wanted}, and ${pad.name} runs it`;
}

async function play(seed: number, count: number): Promise<number> {
  if (!need('power cuts', areImagesThere(), `npm run build, and npm run image -- --board ${board} --quick`)) return Exit.ok;
  const cuts = draw(seed, count);
  const report = join(IMAGES, `power-cuts-${board}.txt`);
  writeFileSync(report, `seed ${seed}\n`);
  const say = (line: string) => {
    console.log(line);
    appendFileSync(report, `${line}\n`);
  };
  // While no board waits for it.
  if (cuts.some(({ kind }) => kind === 'os')) otherImage('0.2.0');
  const fleet = await boardFleet(`serial-cuts-${board}.log`);
  const failures = await cutAll(cuts, fleet, say).finally(() => fleet.end());
  say(`${cuts.length - failures} passed, ${failures} failed`);
  return failures === 0 ? Exit.ok : Exit.failed;
}

/** Answers how often the board has not told the truth. */
async function cutAll(cuts: readonly Cut[], fleet: BoardFleet, say: (line: string) => void): Promise<number> {
  let failures = 0;
  const pad = await fleet.enrol('pad-7');
  const world: World = { fleet, pad, released: { firmware: [], os: [] }, written: { A: version, B: '' }, runningSlot: 'A' };
  await fleet.until('it serves', pad.has(new RegExp(SERVING.source)));
  for (const [index, cut] of cuts.entries()) {
    const isThere = await cutPower(world, cut);
    const { isTrue, sentence } = await truth(world);
    failures += isTrue ? 0 : 1;
    const when = isThere ? `${cut.delayMs} ms after /${cut.mark.source}/` : 'between two steps';
    say(`cut ${index + 1}: ${cut.kind} ${world.released[cut.kind].at(-1)}, ${when}: ${sentence}`);
    if (cut.kind === 'firmware' || index === cuts.length - 1) say(`        ${await settled(world, cut.kind)}`);
  }
  return failures;
}

await runAlone('image:cuts', {
  summary: 'pulls the plug of a board in QEMU in the middle of updates',
  options: {
    seed: { value: 'N', fallback: '1', help: 'what the points of time follow from' },
    count: { value: 'N', fallback: '10', help: 'how many, from 1 to 100; each takes one to three minutes in software' },
  },
  notes: [
    'It wants a built image: npm run image -- --board qemu-x86_64 --quick',
    'CLASSPAD_BOARD, CLASSPAD_MEMORY (MB) and CLASSPAD_ACCEL (auto, kvm, tcg) choose another machine.',
  ],
  run: (input) => play(wholeOf(input, 'seed', 0), wholeNumber(input.text('count') ?? '', '--count', 1, 100)),
});
