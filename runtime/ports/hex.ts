/** `0x`-prefixed, lower-case hexadecimal of whole bytes. */
export type Hex = `0x${string}`;
/** 20 bytes as {@link Hex}. */
export type Address = Hex;
/** 32 bytes as {@link Hex}: a hash, a storage slot, or a storage value. */
export type Word = Hex;
