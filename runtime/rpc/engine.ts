import { isEngineError } from '../ports/index.ts';
import type { Decoder } from './decode.ts';
import { ErrorCode, invalidParams, RpcError } from './errors.ts';
import { type Method, method } from './method.ts';

const REFERENCE = /^[a-zA-Z0-9][\w./:@-]{0,254}$/;

const image: Decoder<string> = (value, name) => {
  if (typeof value !== 'string' || !REFERENCE.test(value)) throw invalidParams(`${name} should be an image such as app:1.2`);
  return value;
};

/** What this device's engine knows. It is asked for nothing that it would have to fetch. */
export const engineMethods = {
  /** The reference with a digest, or the image's id. */
  classpad_pinImage: method(
    [['image', image]],
    async (core, reference) => {
      try {
        return await core.pinImage(reference);
      } catch (error) {
        if (isEngineError(error)) throw new RpcError(ErrorCode.Server, error.message);
        throw error;
      }
    },
    (pinned) => pinned,
  ),
} satisfies Record<string, Method>;
