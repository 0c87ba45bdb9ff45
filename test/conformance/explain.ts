import type { Fixture, FixtureAccount, FixtureCase } from '../../cli/statetest/fixtures.ts';
import { toHex, wordOf } from '../../cli/statetest/world.ts';
import type { Address, Executed, Word } from '../../runtime/ports/index.ts';
import type { State } from '../../runtime/state/state.ts';

/** Differences shown of one case. */
const MOST = 8;

/** Which accounts and slots differ from the state that the fixture expects; without one, what the transaction changed. */
export function explain(state: State, outcome: Executed, fixture: Fixture, expected: FixtureCase): string[] {
  const lines = expected.state ? differences(state, outcome, fixture, expected.state) : changes(outcome);
  return lines.length > MOST ? [...lines.slice(0, MOST), `… ${lines.length - MOST} more`] : lines;
}

function differences(state: State, outcome: Executed, fixture: Fixture, wanted: NonNullable<FixtureCase['state']>): string[] {
  const changed = outcome.diff.map(({ address }) => address);
  const addresses = new Set([...Object.keys(wanted), ...Object.keys(fixture.pre), ...changed]) as Set<Address>;
  return [...addresses].flatMap((address) => compareAccount(state, address, wanted[address], slotsOf(address, outcome, fixture)));
}

function compareAccount(state: State, address: Address, wanted: FixtureAccount | undefined, slots: readonly Word[]): string[] {
  const found = state.account(address);
  if (!found && !wanted) return [];
  if (!found) return [`${address}: is not there, but should be`];
  if (!wanted) return [`${address}: is there (nonce ${found.nonce}, balance ${found.balance}), but should not be`];
  const lines: string[] = [];
  const compare = (what: string, is: unknown, should: unknown) => {
    if (is !== should) lines.push(`${address}: ${what} ${is}, expected ${should}`);
  };
  compare('nonce', found.nonce, BigInt(wanted.nonce));
  compare('balance', found.balance, BigInt(wanted.balance));
  compare('code', toHex(state.code(found.codeHash)), wanted.code);
  const values = new Map(Object.entries(wanted.storage).map(([slot, value]) => [wordOf(slot), wordOf(value)]));
  for (const slot of new Set([...values.keys(), ...slots])) {
    compare(`slot ${slot}`, state.slot(address, slot), values.get(slot) ?? wordOf('0x0'));
  }
  return lines;
}

function slotsOf(address: Address, outcome: Executed, fixture: Fixture): Word[] {
  const changed = outcome.diff.find((change) => change.address === address)?.slots ?? [];
  return [...changed.map(([slot]) => slot), ...Object.keys(fixture.pre[address]?.storage ?? {}).map(wordOf)];
}

function changes(outcome: Executed): string[] {
  return outcome.diff.map(({ address, account, slots }) => {
    if (!account) return `${address}: gone`;
    const stored = slots.map(([slot, value]) => `${BigInt(slot)} = ${BigInt(value)}`).join(', ');
    return `${address}: nonce ${account.nonce}, balance ${account.balance}${stored && `, slots ${stored}`}`;
  });
}
