import { bytesToHex, ZERO_WORD } from '../bytes.ts';
import { watchReads } from '../execution/reads.ts';
import type { Account, AccountDiff, Address, Executed, Refused, StateView, Word } from '../ports/index.ts';
import { type Json, type JsonObject, quantity } from './encode.ts';
import type { Tracer } from './tracer.ts';

interface Seen {
  readonly account: Account | undefined;
  readonly slots: Map<Word, Word>;
}

/**
 * What the transaction read, as it was before; in `diffMode` what it changed, before and after (geth's prestateTracer).
 * It is seen at the state: the VM need not be watched, so this runs at full speed.
 */
export function prestateTracer(diffMode: boolean): Tracer {
  return (vm, context, message, state, options) => {
    const seen = new Map<Address, Seen>();
    const view = watched(state, seen);
    // Whom the fees go to is told of whatever they come to.
    view.account(context.coinbase);
    const outcome = vm.execute(context, message, view, options);
    return { outcome, result: diffMode ? difference(seen, outcome, state) : everything(seen, state) };
  };
}

function watched(state: StateView, seen: Map<Address, Seen>): StateView {
  const look = (address: Address): Seen => {
    const known = seen.get(address);
    if (known) return known;
    const first = { account: state.account(address), slots: new Map<Word, Word>() };
    seen.set(address, first);
    return first;
  };
  return watchReads(state, { account: look, slot: (address, slot, value) => look(address).slots.set(slot, value) });
}

function everything(seen: ReadonlyMap<Address, Seen>, state: StateView): JsonObject {
  return Object.fromEntries([...seen].map(([address, { account, slots }]) => [address, accountOf(account, slots, state)]));
}

function accountOf(account: Account | undefined, slots: ReadonlyMap<Word, Word>, state: StateView): JsonObject {
  if (!account) return { balance: '0x0' };
  const code = state.code(account.codeHash);
  return {
    balance: quantity(account.balance),
    ...(account.nonce > 0n && { nonce: Number(account.nonce) }),
    ...(code.length > 0 && { code: bytesToHex(code), codeHash: account.codeHash }),
    ...(slots.size > 0 && { storage: Object.fromEntries(slots) }),
  };
}

function difference(seen: ReadonlyMap<Address, Seen>, outcome: Executed | Refused, state: StateView): JsonObject {
  const [pre, post]: [Record<string, Json>, Record<string, Json>] = [{}, {}];
  for (const change of outcome.kind === 'executed' ? outcome.diff : []) {
    const before = seen.get(change.address)?.account ?? state.account(change.address);
    if (before) pre[change.address] = accountOf(before, slotsBefore(change, state), state);
    if (change.account) post[change.address] = changedOf(change, change.account, before);
  }
  return { pre, post };
}

/** Zero is what is not there: it is left out. */
function slotsBefore({ address, slots }: AccountDiff, state: StateView): ReadonlyMap<Word, Word> {
  const before = slots.map(([slot]) => [slot, state.slot(address, slot)] as const);
  return new Map(before.filter(([, value]) => value !== ZERO_WORD));
}

function changedOf({ slots, code }: AccountDiff, after: NonNullable<AccountDiff['account']>, before: Account | undefined): Json {
  const left = slots.filter(([, value]) => value !== ZERO_WORD);
  return {
    ...(after.balance !== (before?.balance ?? 0n) && { balance: quantity(after.balance) }),
    ...(after.nonce !== (before?.nonce ?? 0n) && { nonce: Number(after.nonce) }),
    ...(code && { code: bytesToHex(code), codeHash: after.codeHash }),
    ...(left.length > 0 && { storage: Object.fromEntries(left) }),
  };
}
