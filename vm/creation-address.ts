/** The address at which a contract is created. Addresses are words. */
import { keccak256 } from './crypto/keccak256';
import { loadAddress, storeAddress } from './state';
import { storeBigEndian } from './u256';

const preimage: usize = memory.data(96, 8);
const hash: usize = memory.data(32, 8);

/** out = keccak256(rlp([creator, nonce]))[12:] (YP 7) */
export function setCreateAddress(out: usize, creator: usize, nonce: u64): void {
  const size: usize = nonce < 0x80 ? 0 : <usize>((71 - clz<u64>(nonce)) >> 3);
  store<u8>(preimage, <u8>(0xc0 + 22 + size));
  store<u8>(preimage, 0x94, 1);
  storeAddress(preimage + 2, creator);
  store<u8>(preimage, nonce == 0 ? 0x80 : size ? <u8>(0x80 + size) : <u8>nonce, 22);
  for (let index: usize = 0; index < size; index++)
    store<u8>(preimage + 23 + index, <u8>(nonce >> (8 * <u64>(size - 1 - index))));
  keccak256(hash, preimage, 23 + size);
  loadAddress(out, hash + 12);
}

/** out = keccak256(0xff ++ creator ++ salt ++ keccak256(init code))[12:] (EIP-1014) */
export function setCreate2Address(out: usize, creator: usize, salt: usize, code: usize, size: u32): void {
  store<u8>(preimage, 0xff);
  storeAddress(preimage + 1, creator);
  storeBigEndian(preimage + 21, salt);
  keccak256(preimage + 53, code, <usize>size);
  keccak256(hash, preimage, 85);
  loadAddress(out, hash + 12);
}
