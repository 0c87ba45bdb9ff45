import { readLightBlock, verifyVotes } from '../../runtime/light/index.ts';
import type { Votes } from '../../runtime/ports/index.ts';

/** Votes of CometBFT, checked by the light client's rules. */
export const engineVotes: Votes = {
  check(told, chain) {
    const block = readLightBlock(told);
    verifyVotes(block, chain);
    const { height, appHash } = block.header;
    const validators = block.validators.map(({ publicKey, power }) => ({ publicKey, power: Number(power) }));
    return { height, appHash, validators };
  },
};
