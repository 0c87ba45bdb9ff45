import { bytesToHex } from '../../runtime/bytes.ts';
import type { Executed, Refused, StateView, Vm, Word } from '../../runtime/ports/index.ts';
import { encodeAccount, encodeCall, isAnswered, type Read } from '../quickjs/execution.ts';

/** A state that can be asked for many things at once. */
export interface BatchView extends StateView {
  /** Asks for them in order, up to the first that is answered otherwise. Answers whether none was. */
  agrees?(reads: readonly Read[]): boolean;
}

interface Execution {
  readonly reads: readonly Read[];
  readonly outcome: Executed | Refused;
}

const EXECUTIONS_LIMIT = 512;
/** Larger ones are few, and not worth the room. */
const READS_LIMIT = 512;
const DATA_LIMIT = 64 * 1024;

/**
 * Executes each transaction once for all devices on whose states it reads the same. Every device's state is asked for all that the
 * VM would ask it for, in the same order, so what a state notes or throws is as if the VM had asked.
 */
export function rememberedExecutions(vm: Pick<Vm, 'execute' | 'keccak256'>): Vm['execute'] {
  const executions = new Map<string, Execution>();
  return (block, message, state, options) => {
    if (options?.interrupt || message.data.length > DATA_LIMIT) return vm.execute(block, message, state, options);
    const { text, bytes } = encodeCall(block, message, options);
    const key = `${text} ${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')}`;
    const known = executions.get(key);
    if (known && agrees(state, known.reads)) return known.outcome;
    const notes = new Notes(state, (data) => vm.keccak256(data));
    const outcome = vm.execute(block, message, notes, options);
    if (executions.size >= EXECUTIONS_LIMIT) executions.clear();
    if (notes.isSound && notes.reads.length <= READS_LIMIT) executions.set(key, { reads: notes.reads, outcome });
    return outcome;
  };
}

function agrees(state: BatchView, reads: readonly Read[]): boolean {
  return state.agrees ? state.agrees(reads) : reads.every((read) => isAnswered(state, read));
}

/** The same state; what is asked of it is noted. */
class Notes implements StateView {
  readonly reads: Read[] = [];
  /** Whether every code was what it is called. */
  isSound = true;
  private readonly state: StateView;
  private readonly keccak256: Vm['keccak256'];

  constructor(state: StateView, keccak256: Vm['keccak256']) {
    this.state = state;
    this.keccak256 = keccak256;
  }

  account(address: Word): ReturnType<StateView['account']> {
    const account = this.state.account(address);
    this.reads.push({ what: 'account', of: address, answer: encodeAccount(account) });
    return account;
  }

  slot(address: Word, slot: Word): Word {
    const answer = this.state.slot(address, slot);
    this.reads.push({ what: 'slot', of: `${address},${slot}`, answer });
    return answer;
  }

  code(codeHash: Word): Uint8Array {
    const code = this.state.code(codeHash);
    this.isSound &&= bytesToHex(this.keccak256(code)) === codeHash;
    this.reads.push({ what: 'code', of: codeHash, answer: '' });
    return code;
  }

  blockHash(number: bigint): Word {
    const answer = this.state.blockHash(number);
    this.reads.push({ what: 'blockHash', of: String(number), answer });
    return answer;
  }
}
