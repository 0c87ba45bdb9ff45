const MAGIC = 0x7f454c46;
/** Kinds of sections. Contents that are not loaded are a debugger's. */
const CONTENTS = 1;
const SYMBOLS = 2;
const LOADED = 2n;

/** Where the header of a program says what is needed here: for 64 and for 32 bits. */
const LAYOUTS = {
  2: { sectionsAt: 0x28, sizeAt: 0x3a, word: 8, flags: 8, at: 24, bytes: 32, link: 40 },
  1: { sectionsAt: 0x20, sizeAt: 0x2e, word: 4, flags: 8, at: 16, bytes: 20, link: 24 },
} as const;

/**
 * Blanks the symbols of a program (ELF, little endian), their names and whatever else only a debugger reads, in place: what is blank
 * takes no room once it is packed. Everything stays where it was. Answers how many bytes were blanked.
 */
export function blankSymbols(program: Buffer): number {
  const layout = LAYOUTS[program[4] as 1 | 2];
  if (program.length < 64 || program.readUInt32BE(0) !== MAGIC || program[5] !== 1 || layout === undefined) return 0;
  const word = (at: number) => (layout.word === 8 ? program.readBigUInt64LE(at) : BigInt(program.readUInt32LE(at)));
  const first = Number(word(layout.sectionsAt));
  const [size, count] = [program.readUInt16LE(layout.sizeAt), program.readUInt16LE(layout.sizeAt + 2)];
  const sections = Array.from({ length: count }, (_, index) => {
    const at = first + index * size;
    return {
      type: program.readUInt32LE(at + 4),
      isLoaded: (word(at + layout.flags) & LOADED) !== 0n,
      from: Number(word(at + layout.at)),
      bytes: Number(word(at + layout.bytes)),
      link: program.readUInt32LE(at + layout.link),
    };
  });
  const tables = sections.filter(({ type }) => type === SYMBOLS);
  const contents = sections.filter(({ type }) => type === CONTENTS);
  const blank = [...contents, ...tables, ...tables.map(({ link }) => sections[link]!)].filter(({ isLoaded }) => !isLoaded);
  for (const { from, bytes } of blank) program.fill(0, from, from + bytes);
  return blank.reduce((sum, { bytes }) => sum + bytes, 0);
}
