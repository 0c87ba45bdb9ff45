/**
 * Pulls a board's plug (SIGKILL of QEMU) at random points of updates, of firmware and of its whole system, and looks each time
 * whether it boots and tells the truth about what it runs:
 *   npm run image -- --board qemu-x86_64 --quick && npm run image:cuts -- --seed 1 --count 10
 */
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { version } from '../../cli/root.ts';
import { areImagesThere, type Board, board, boardFleet, IMAGES, otherImage, repack } from '../support/boards.ts';
import { need } from '../support/need.ts';

/** What the console says on the way of an update; the plug is pulled a random while after one of them. */
const MARKS = {
  firmware: [/wants firmware/, /firmware \S+ is installed/, /launcher: firmware \S+ from slot/, /classpad \S+ on /],
  os: [/wants os/, /wants os/, /restarting into it/, /classpad: slot/, /launcher: firmware/],
} as const;
/** Writing a system into its slot takes longest. */
const SPREAD_MS = { firmware: 4_000, os: 20_000 } as const;
const SYSTEM_VERSION = '0.2.0';

type Kind = keyof typeof MARKS;

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
    const mark = MARKS[kind][Math.floor(random() * MARKS[kind].length)]!;
    return { kind, mark, delayMs: Math.floor(random() * SPREAD_MS[kind]) };
  });
}

/** The firmware says itself, before anything else, what it was built as: no state on any disk can make it lie. */
const builtAs = (as: string) => `console.error('built as ${as}');`;

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { seed: { ...text, default: '1' }, count: { ...text, default: '10' } } });
  if (!need('power cuts', areImagesThere(), `npm run build, and npm run image -- --board ${board} --quick`)) return;
  const cuts = draw(Number(values.seed), Number(values.count));
  const report = join(IMAGES, `power-cuts-${board}.txt`);
  writeFileSync(report, `seed ${values.seed}\n`);
  const fleet = await boardFleet(`serial-cuts-${board}.log`);
  const say = (line: string) => {
    console.log(line);
    appendFileSync(report, `${line}\n`);
  };
  let failures = 0;
  try {
    let pad = await fleet.enrol('pad-7');
    await fleet.until('it serves', pad.has(/serving: firmware .* are good/));
    for (const [index, cut] of cuts.entries()) {
      const isFirstOfOs = cut.kind === 'os' && cuts[index - 1]?.kind !== 'os';
      const next = cut.kind === 'os' ? SYSTEM_VERSION : `0.1.${index + 1}`;
      // One update of the system is cut again and again: it goes on where it can.
      const from = pad.machine.serial().length;
      if (cut.kind === 'firmware' || isFirstOfOs) await release(cut.kind, next);
      await fleet.until(`${cut.kind} ${next}: ${cut.mark.source}`, pad.has(cut.mark, from), 180_000).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, cut.delayMs));
      await pad.machine.kill();
      pad = await fleet.start('pad-7');
      const told = await truth(pad);
      failures += told.isTrue ? 0 : 1;
      say(`cut ${index + 1}: ${cut.kind} ${next}, ${cut.delayMs} ms after /${cut.mark.source}/: ${told.sentence}`);
      if (cut.kind === 'firmware') say(`        ${await settled(pad)}`);
    }
    say(`        ${await settled(pad)}`);
  } finally {
    await fleet.end();
  }
  say(`${cuts.length - failures} passed, ${failures} failed`);
  process.exitCode = failures === 0 ? 0 : 1;

  async function release(kind: Kind, next: string): Promise<void> {
    const path = join(fleet.folder, `${next}.firmware`);
    const made = kind === 'os' ? `${otherImage(next)}.raucb` : await repack(path, next, {}, undefined, builtAs(next));
    const to = ['--to', `http://127.0.0.1:${fleet.host.ports.peers}`, '--window', '60m', '--no-wait'];
    const { code, printed } = await fleet.decide('firmware', 'propose', made, ...to);
    if (code !== 0) throw new Error(printed);
  }

  /** It boots, serves, and says by its JSON-RPC and on its console what really started. */
  async function truth(pad: Board): Promise<{ isTrue: boolean; sentence: string }> {
    await fleet.until('it serves again', pad.has(/serving: firmware \S+ and system \S+ are good/));
    const heard = pad.machine.serial();
    const said = heard.slice(0, heard.lastIndexOf(' are good') + 9);
    const [, firmware, system] = [...said.matchAll(/serving: firmware (\S+) and system (\S+) are good/g)].at(-1)!;
    const slot = [...said.matchAll(/classpad: slot ([AB])/g)].at(-1)?.[1];
    const lies = [];
    const ofImage = system === version ? version : SYSTEM_VERSION;
    // What the image came with says no such line.
    const started = said.slice(said.lastIndexOf('launcher: firmware'));
    const built = /built as (\S+)/.exec(started)?.[1] ?? ofImage;
    if (built !== firmware) lies.push(`it was built as ${built} and calls itself ${firmware}`);
    // It may have gone on to the next one meanwhile.
    const asked = await pad.version();
    if (asked !== firmware && !pad.machine.serial().includes(`built as ${asked}`)) lies.push(`it answers ${asked}`);
    if ((slot === 'B') !== (system === SYSTEM_VERSION)) lies.push(`slot ${slot} holds no system ${system}`);
    return {
      isTrue: lies.length === 0,
      sentence: lies.join('; ') || `it runs firmware ${firmware}, system ${system} from slot ${slot}`,
    };
  }

  /** The fleet has decided, and what the board runs is what it has decided. */
  async function settled(pad: Board): Promise<string> {
    const rolling = async () => (await fleet.classpad('status', '--json')).printed;
    await fleet.until('the fleet has decided', async () => ((await rolling()).includes('rolling out') ? undefined : true));
    return `${pad.name} runs ${await pad.version()}`;
  }
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
