/** A file for an archive; `link` makes it a symbolic link. */
export interface TarFile {
  /** Relative, without a leading slash, at most 100 bytes. */
  readonly path: string;
  readonly bytes?: Uint8Array;
  readonly link?: string;
  /** Permission bits, such as 0o755. */
  readonly mode: number;
}

const BLOCK = 512;

/** A POSIX ustar archive (IEEE Std 1003.1, pax) with fixed owner and time: equal files, equal bytes. */
export function tar(files: readonly TarFile[]): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (const file of files) {
    const bytes = file.bytes ?? new Uint8Array(0);
    blocks.push(header(file, bytes.length), bytes, new Uint8Array((BLOCK - (bytes.length % BLOCK)) % BLOCK));
  }
  blocks.push(new Uint8Array(2 * BLOCK));
  return Buffer.concat(blocks);
}

function header(file: TarFile, size: number): Uint8Array {
  if (file.path.length > 100) throw new Error(`tar: "${file.path}" is longer than 100 characters`);
  const block = Buffer.alloc(BLOCK);
  const type = file.link !== undefined ? '2' : file.path.endsWith('/') ? '5' : '0';
  const fields: readonly [at: number, text: string][] = [
    [0, file.path],
    [100, octal(file.mode, 7)],
    [108, octal(0, 7)],
    [116, octal(0, 7)],
    [124, octal(size, 11)],
    [136, octal(0, 11)],
    [148, '        '],
    [156, type],
    [157, file.link ?? ''],
    [257, 'ustar\u000000'],
  ];
  for (const [at, text] of fields) block.write(text, at, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148, 'latin1');
  return block;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}
