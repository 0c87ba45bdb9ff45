import { startAnvil, startClasspad } from '../nodes.ts';
import { leaves } from './fields.ts';
import { REASONS } from './reasons.ts';
import { requests } from './requests.ts';
import { signedStory, tell } from './story.ts';

/** A field in which the two answers differ. `undefined` stands for a field that is not there. */
export interface Difference {
  readonly request: string;
  readonly method: string;
  readonly path: string;
  readonly ours: unknown;
  readonly theirs: unknown;
  readonly reason: string | undefined;
}

/** Prints the comparison; answers whether every difference has its reason. */
export async function compareRpc(args: readonly string[]): Promise<boolean> {
  const anvil = await startAnvil();
  if (!anvil) {
    console.log('skipped: compare rpc: @foundry-rs/anvil is not installed');
    return process.env['CLASSPAD_REAL'] !== '1';
  }
  const classpad = await startClasspad().catch(async (error) => {
    await anvil.stop();
    throw error;
  });
  try {
    const story = await signedStory();
    const [ours, theirs] = [await tell(classpad, story), await tell(anvil, story)];
    const all = await requests();
    const found: Difference[] = [];
    for (const { name, method, body } of all) {
      const [our, their] = await Promise.all([classpad.post(body(ours)), anvil.post(body(theirs))]);
      found.push(...differences(name, method, our, their));
    }
    print(all.length, found, args.includes('--json'));
    return found.every(({ reason }) => reason !== undefined);
  } finally {
    await Promise.all([classpad.stop(), anvil.stop()]);
  }
}

function differences(request: string, method: string, our: unknown, their: unknown): Difference[] {
  const [ours, theirs] = [leaves(our), leaves(their)];
  const paths = [...new Set([...ours.keys(), ...theirs.keys()])];
  return paths
    .filter((path) => ours.get(path) !== theirs.get(path))
    .map((path) => {
      const difference = { request, method, path, ours: ours.get(path), theirs: theirs.get(path) };
      return { ...difference, reason: REASONS.find((each) => each.holds(difference))?.reason };
    });
}

function print(count: number, found: readonly Difference[], asJson: boolean): void {
  const open = found.filter(({ reason }) => reason === undefined);
  const equal = count - new Set(found.map(({ request }) => request)).size;
  if (asJson) {
    console.log(JSON.stringify({ requests: count, equal, differences: found }, null, 2));
    return;
  }
  console.log(`${count} requests to classpad and to anvil: ${equal} answered alike, field by field`);
  for (const { reason } of REASONS) {
    const those = found.filter((each) => each.reason === reason);
    if (those.length > 0)
      console.log(
        `${String(those.length).padStart(6)} fields of ${new Set(those.map((each) => each.request)).size} answers: ${reason}`,
      );
  }
  for (const { request, path, ours, theirs } of open)
    console.log(`NO REASON  ${request}  ${path}: ours ${short(ours)}, theirs ${short(theirs)}`);
  console.log(`${open.length} differences without a reason`);
}

function short(value: unknown): string {
  return String(JSON.stringify(value)).slice(0, 140);
}
