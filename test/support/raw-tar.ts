/** One entry of a tar archive, as somebody may write it who means harm: every field as it is told. */
export interface RawEntry {
  readonly name: string;
  readonly bytes?: Uint8Array | string;
  readonly type?: string;
  readonly link?: string;
  /** Told in the header, whatever follows. */
  readonly size?: number;
  readonly prefix?: string;
  readonly magic?: string;
  /** The last bytes of the header: `tar\0` in Jörg Schilling's form. */
  readonly trailer?: string;
}

const BLOCK = 512;

export const zeroBlocks = (count: number): Buffer => Buffer.alloc(count * BLOCK);

/** An entry, padded to whole blocks, its checksum right. */
export function rawEntry({ name, bytes = '', type = '0', link = '', prefix = '', trailer = '', ...rest }: RawEntry): Buffer {
  const content = Buffer.from(bytes as string);
  const { size = content.length, magic = 'ustar\u000000' } = rest;
  const header = zeroBlocks(1);
  const fields: readonly (readonly [at: number, text: string])[] = [
    [0, name],
    [100, '0000644'],
    [108, '0000000'],
    [116, '0000000'],
    [124, size.toString(8).padStart(11, '0')],
    [136, '00000000000'],
    [148, '        '],
    [156, type],
    [157, link],
    [257, magic],
    [345, prefix],
    [508, trailer],
  ];
  for (const [at, text] of fields) header.write(text, at, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  const padding = Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK);
  return Buffer.concat([header, content, padding]);
}

/** A whole archive. */
export const rawTar = (entries: readonly RawEntry[]): Buffer => Buffer.concat([...entries.map(rawEntry), zeroBlocks(2)]);
