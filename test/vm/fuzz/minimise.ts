import { type Scenario, SENDER } from './scenario.ts';

/** Takes parts away from a scenario as long as it still shows a difference; `differs` runs both sides. */
export async function minimise(scenario: Scenario, differs: (scenario: Scenario) => Promise<boolean>): Promise<Scenario> {
  let smallest = scenario;
  for (let shrunk = true; shrunk; ) {
    shrunk = false;
    for (const smaller of variants(smallest)) {
      if (!(await differs(smaller))) continue;
      smallest = smaller;
      shrunk = true;
      break;
    }
  }
  return smallest;
}

/** Scenarios with one part less, the largest parts first. */
function* variants(scenario: Scenario): Generator<Scenario> {
  for (const [i, { address }] of scenario.accounts.entries()) {
    if (address !== SENDER) yield { ...scenario, accounts: scenario.accounts.toSpliced(i, 1) };
  }
  if (scenario.accessList.length > 0) yield { ...scenario, accessList: [] };
  if (scenario.data.length > 0) yield { ...scenario, data: scenario.data.slice(0, scenario.data.length >> 1) };
  if (scenario.value > 0n) yield { ...scenario, value: 0n };
  for (const [i, account] of scenario.accounts.entries()) {
    for (const code of shorter(account.code)) yield { ...scenario, accounts: scenario.accounts.with(i, { ...account, code }) };
    for (const storage of shorter(account.storage)) {
      yield { ...scenario, accounts: scenario.accounts.with(i, { ...account, storage }) };
    }
    if (account.balance > 0n && account.balance < 10n ** 20n) {
      yield { ...scenario, accounts: scenario.accounts.with(i, { ...account, balance: 0n }) };
    }
  }
}

/** Without a half, without a quarter, … without one. */
function* shorter<T>(list: readonly T[]): Generator<T[]> {
  for (let size = list.length >> 1 || 1; size >= 1; size >>= 1) {
    for (let at = 0; at + size <= list.length; at += size) yield list.toSpliced(at, size);
    if (size === 1) return;
  }
}
