/** Tells the AssemblyScript compiler what to inline. Decorators would say it in the sources, but Biome cannot parse them there. */
import { Transform } from 'assemblyscript/transform';

/** `DecoratorFlags.Inline` of the compiler. */
const INLINE = 1 << 6;
const names = [
  /^vm\/words\/\w+$/,
  /^vm\/interpreter\/(outOf|aOf|bOf|isBeyond)$/,
  /^vm\/limbs\/mulHigh$/,
  /^~lib\/polyfills\/bswap$/,
];

export default class extends Transform {
  afterInitialize(program) {
    for (const [name, element] of program.elementsByName) {
      if (names.some((pattern) => pattern.test(name))) element.decoratorFlags |= INLINE;
    }
  }
}
