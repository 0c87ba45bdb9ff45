/** `npm run compare -- rpc`: our answers beside those of another implementation, field by field. */
import { runOneOf } from '../../cli/script.ts';
import { compareRpc } from './rpc.ts';

await runOneOf('compare', [compareRpc]);
