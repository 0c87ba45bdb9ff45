/** `npm run compare -- rpc [--json]`: our answers beside those of another implementation, field by field. */
import { compareRpc } from './rpc.ts';

const comparisons: Readonly<Record<string, (args: readonly string[]) => Promise<boolean>>> = {
  rpc: compareRpc,
};

const [name = '', ...args] = process.argv.slice(2);
const comparison = comparisons[name];
if (comparison) {
  process.exitCode = (await comparison(args)) ? 0 : 1;
} else {
  console.error(`compare: there is no "${name}"; there are ${Object.keys(comparisons).join(', ')}`);
  process.exitCode = 2;
}
