/**
 * What the VM asks of its host: cold reads, by pointer. Each writes its answer at `out` and returns 0 or more;
 * a negative number says that the host failed, and ends the transaction without an outcome.
 */

/** Address: 20 bytes big-endian. Answer: nonce u64, has-storage u64, balance (word), code hash (32 bytes). Returns 0 if there is no such account. */
export declare function hostAccount(address: usize, out: usize): i32;

/** Key and answer: 32 bytes big-endian. */
export declare function hostSlot(address: usize, key: usize, out: usize): i32;

/** Returns the number of bytes of the code with this hash. */
export declare function hostCodeSize(hash: usize): i32;

/** Copies the code whose size was asked last. */
export declare function hostCode(out: usize): i32;

/** Answer: 32 bytes. */
export declare function hostBlockHash(number: u64, out: usize): i32;

/** Called before every instruction while tracing; the frame is as in vm/frame.ts. */
export declare function hostTrace(pc: u32, opcode: i32, frame: usize): void;

/** Called after every slice of gas and before every precompile. A host that wants the transaction to end throws, and does not return. */
export declare function hostPause(): void;

/**
 * Called while tracing when a call or creation begins. `kind` is its opcode, CALL or CREATE for the transaction's own; `caller` and `to`
 * are addresses as words, `to` being whose code runs.
 */
export declare function hostEnter(kind: i32, caller: usize, to: usize, value: usize, input: usize, size: u32, gas: u64): void;

/** Called while tracing when the call or creation that began last has ended. The output counts for Return and Revert only. */
export declare function hostLeave(status: i32, gasLeft: u64, output: usize, size: u32): void;

/** Answers bn254, KZG, BLS12-381 and P-256. Returns the bytes written to `out` (256 at most), or −1 where the input is invalid; lower: the host failed. */
export declare function hostPrecompile(number: i32, input: usize, length: u32, out: usize): i32;
