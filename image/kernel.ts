/** Where a bzImage says what it is (the kernel's Documentation/x86/boot.rst), and its header as a UEFI program (PE/COFF). */
const MAGIC_AT = 0x202;
const INIT_SIZE_AT = 0x260;
const PE_AT = 0x3c;
const SIZE_OF_IMAGE_AT = 24 + 56;

/**
 * A bzImage asks its loader for room to unpack itself in place. Started by UEFI it does not use it: it gets the same room from UEFI
 * once more, and a board with 256 MB has it no second time. So it asks the loader for no more than it takes as a UEFI program.
 * What unpacks in place even there counts the room to itself, and stays as it is; so does what is no bzImage.
 */
export function spareKernel(kernel: Buffer): Buffer {
  if (kernel.toString('latin1', MAGIC_AT, MAGIC_AT + 4) !== 'HdrS' || kernel.toString('latin1', 0, 2) !== 'MZ') return kernel;
  const asked = kernel.readUInt32LE(INIT_SIZE_AT);
  const taken = kernel.readUInt32LE(kernel.readUInt32LE(PE_AT) + SIZE_OF_IMAGE_AT);
  if (taken >= asked) return kernel;
  const spared = Buffer.from(kernel);
  spared.writeUInt32LE(taken, INIT_SIZE_AT);
  return spared;
}
