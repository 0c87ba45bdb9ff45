import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { patient } from '../../cli/light.ts';
import { createLightClient, hashEngineHeader, type Provider } from '../../runtime/light/index.ts';
import { CHAIN, chainOf, person, START_S, showing } from '../runtime/light/chain.ts';

const test = suite('cli/light');

const blocks = chainOf(Array.from({ length: 41 }, () => [person(0), person(1), person(2)]));
const trust = { height: 1, hash: hashEngineHeader(blocks[0]!.header) };

/** Somebody whose ledger goes on by a block with everything that is asked. */
function growing(from: number): Provider & { readonly asked: (number | 'latest')[] } {
  let head = from;
  const asked: (number | 'latest')[] = [];
  return {
    name: 'growing',
    asked,
    lightBlock: (height) => {
      asked.push(height);
      return showing(blocks.slice(0, head++)).lightBlock(height);
    },
  };
}

const client = (primary: Provider, witnesses: readonly Provider[] = []) =>
  createLightClient({ chainId: CHAIN, trust, primary, witnesses, nowMs: () => Number(START_S) * 1000 + 200_000 });

test('a height that comes soon is waited for, and nothing else is asked', async () => {
  const primary = growing(4);
  assert.is((await client(patient(primary)).verify(6)).header.height, 6);
  assert.equal(new Set(primary.asked), new Set([1, 6]));
});

test('a witness that hears of a height later than the others is waited for', async () => {
  const witness = growing(4);
  assert.is((await client(showing(blocks), [patient(witness)]).verify(6)).header.height, 6);
  assert.ok(witness.asked.length > 1, 'it did not have the height at first');
});

test('a height that does not come is told in words', async () => {
  const still = showing(blocks.slice(0, 5));
  const message = await client(patient(still))
    .verify(6)
    .catch((error: Error) => error.message);
  assert.match(
    `${message}`,
    /^the validators have not decided height 6 within 10 s, as far as .* knows: .* while a third of them is away$/,
  );
});

test.run();
