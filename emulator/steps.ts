import type { RecordedInput } from './recording.ts';
import type { World } from './world.ts';

const REQUEST_LENGTH = 160;
const INPUTS_SHOWN = 500;

/** What led to this moment, in words for a report: how the world was begun, what was done to it and when, what it is now. */
export function stepsTo(
  world: Pick<World, 'seed' | 'config' | 'devicesAtFirst' | 'startMs' | 'clock' | 'inputs' | 'trace'>,
): string {
  const { seed, config, devicesAtFirst, startMs, clock, inputs, trace } = world;
  const after = (ms: number) => `+${((ms - startMs) / 1000).toFixed(3)} s`;
  const shown = inputs.slice(-INPUTS_SHOWN);
  return [
    `classpad ${config.version}, seed "${seed}", ${devicesAtFirst} devices, begun at ${new Date(startMs).toISOString()}`,
    `npx classpad emulate --seed ${JSON.stringify(seed)} --devices ${devicesAtFirst}`,
    ...(shown.length < inputs.length ? [`… ${inputs.length - shown.length} earlier steps`] : []),
    ...shown.map((input) => `${after(input.atMs).padStart(12)}  ${wordsOf(input)}`),
    `${after(clock.nowMs()).padStart(12)}  now; trace ${trace.hash()}`,
    'The page\'s "Save world" makes a file that lives this again exactly: npx classpad emulate FILE --headless',
    '',
  ].join('\n');
}

function wordsOf(input: RecordedInput): string {
  switch (input.do) {
    case 'boot':
      return 'boot all devices';
    case 'add':
      return `add a board${input.added.site ? ` to ${input.added.site}` : ''}${input.added.looks ? `, ${input.added.looks}` : ''}${input.added.token ? ', with a token' : ''}`;
    case 'remove':
      return `take ${input.device} away`;
    case 'fault': {
      const { fault, devices, others, amount } = input.call;
      const where = devices ? devices.join(', ') : 'all devices';
      return `${fault}${amount === undefined ? '' : ` ${amount}`}: ${where}${others ? `, from ${others.join(', ')}` : ''}`;
    }
    case 'rpc':
      return `${input.device} is asked ${cut(input.text)}`;
    case 'hand':
      return `${input.device}: ${cut(JSON.stringify(input.event))}`;
    default:
      return `${input.device} served a request`;
  }
}

const cut = (text: string): string => (text.length > REQUEST_LENGTH ? `${text.slice(0, REQUEST_LENGTH)}…` : text);
