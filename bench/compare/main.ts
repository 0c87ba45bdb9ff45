/** `npm run compare -- rpc`: our answers beside those of another implementation, field by field. */
import { runOneOf } from '../../test/support/script.ts';
import { compareRpc } from './rpc.ts';

await runOneOf('compare', [compareRpc]);
