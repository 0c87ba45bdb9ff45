import { Exit } from '../../cli/command.ts';
import type { Script } from '../../cli/script.ts';
import { type Peer, startAnvil, startClasspad } from '../nodes.ts';
import { type Checked, checkBlocks } from './check.ts';
import { differencesBetween, type FieldDifference, withBlocksNamed } from './fields.ts';
import { REASONS, reasonFor } from './reasons.ts';
import { type Request, requests } from './requests.ts';
import { alike, coinbaseOf, HISTORY, type Scene, signedStory, tell } from './story.ts';

/** A field in which the two answers differ, and why. */
export interface Difference extends FieldDifference {
  readonly request: string;
  readonly reason: string | undefined;
}

interface Comparison {
  readonly requests: number;
  readonly differences: readonly Difference[];
  readonly checked: Checked;
  readonly checkedOfAnvil: Checked;
}

/** Every difference must have its reason, and every root and proof of ours must be right. */
export const compareRpc: Script = {
  name: 'rpc',
  summary: "a node's answers beside anvil's, field by field; roots, blooms and proofs computed again with @ethereumjs",
  options: { json: { help: 'print the differences as JSON' } },
  async run(input, io) {
    const anvil = await startAnvil({ anvil: { '--disable-default-create2-deployer': true, '--steps-tracing': true } });
    if (!anvil) {
      io.out('skipped: compare rpc: @foundry-rs/anvil is not installed');
      return process.env['CLASSPAD_REAL'] === '1' ? Exit.failed : Exit.ok;
    }
    const { all, comparison } = await compare(anvil);
    if (input.has('json')) io.out(JSON.stringify(comparison, null, 2));
    else print(all, comparison);
    const { checked, differences } = comparison;
    return checked.wrong.length === 0 && differences.every(({ reason }) => reason !== undefined) ? Exit.ok : Exit.failed;
  },
};

async function compare(anvil: Peer): Promise<{ readonly all: readonly Request[]; readonly comparison: Comparison }> {
  const classpad = await startClasspad().catch(async (error) => {
    await anvil.stop();
    throw error;
  });
  try {
    const story = await signedStory();
    const ours = await tell(classpad, story);
    const theirs = await tell(anvil, story, await alike(classpad, anvil));
    const checked = await checkBlocks(classpad, 0, story.length);
    // Anvil's genesis has no state root; its trie keeps accounts that are empty (against EIP-161): the one emptied, and its coinbase.
    const checkedOfAnvil = await checkBlocks(anvil, 1, story.length, [HISTORY, await coinbaseOf(anvil)]);
    const all = await requests();
    const differences: Difference[] = [];
    for (const { name, body, toAnvil = body } of all) {
      const [our, their] = await Promise.all([classpad.post(body(ours)), anvil.post(toAnvil(theirs))]);
      differences.push(...compared(name, our, their, ours, theirs));
    }
    return { all, comparison: { requests: all.length, differences, checked, checkedOfAnvil } };
  } finally {
    await Promise.all([classpad.stop(), anvil.stop()]);
  }
}

function compared(request: string, our: unknown, their: unknown, ours: Scene, theirs: Scene): Difference[] {
  const found = differencesBetween(withBlocksNamed(our, ours.blocks), withBlocksNamed(their, theirs.blocks));
  return found.map((each) => ({ request, ...each, reason: reasonFor({ request, ...each }) }));
}

function print(all: readonly Request[], { differences, checked, checkedOfAnvil }: Comparison): void {
  const count = all.length;
  const open = differences.filter(({ reason }) => reason === undefined);
  const equal = count - new Set(differences.map(({ request }) => request)).size;
  console.log(`${count} requests to classpad and to anvil: ${equal} answered alike, field by field`);
  const reworded = all.filter(({ toAnvil }) => toAnvil).length;
  console.log(
    `${reworded} of them anvil is asked in other words: its latest for safe and finalized, a block that we may leave out`,
  );
  for (const reason of new Set(REASONS.map((each) => each.reason))) {
    const those = differences.filter((each) => each.reason === reason);
    const answers = new Set(those.map((each) => each.request)).size;
    if (answers > 0) console.log(`${String(those.length).padStart(6)} fields of ${answers} answers: ${reason}`);
  }
  for (const { request, path, ours, theirs } of open)
    console.log(`NO REASON  ${request}  ${path}: ours ${short(ours)}, theirs ${short(theirs)}`);
  console.log(`${open.length} differences without a reason`);
  tellChecked('classpad', checked);
  tellChecked('anvil', checkedOfAnvil);
}

function tellChecked(name: string, { right, wrong }: Checked): void {
  const counts = Object.entries(right).map(([what, times]) => `${what} ${times}`);
  console.log(`${name}'s blocks, computed again by @ethereumjs and viem: right ${counts.join(', ')}; wrong ${wrong.length}`);
  for (const each of wrong) console.log(`WRONG  ${each}`);
}

function short(value: unknown): string {
  return String(JSON.stringify(value)).slice(0, 140);
}
