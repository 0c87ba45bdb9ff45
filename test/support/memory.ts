/** What a device's kernel says of its memory: an image holds neither `free` nor `ps`. */
export interface Memory {
  /** What the kernel manages, without its own code and what the board keeps for itself. */
  readonly totalMib: number;
  /** What cannot be had for something new. */
  readonly usedMib: number;
  /** Of that compressed, before it was. */
  readonly swappedMib: number;
  /** The largest first. */
  readonly processes: readonly { readonly name: string; readonly residentMib: number; readonly swappedMib: number }[];
}

/** What is to be run on the device, in any shell. */
export const MEMORY_COMMAND = "cat /proc/meminfo; grep -hE '^(Name|VmRSS|VmSwap):' /proc/[0-9]*/status 2>/dev/null; true";

/** Reads what {@link MEMORY_COMMAND} prints. */
export function readMemory(text: string): Memory {
  const rows = [...text.matchAll(/^(\w+):\s+(\S+)(?: kB)?$/gm)].map(([, name = '', value = '']) => ({ name, value }));
  const mib = (name: string) => Number(rows.find((row) => row.name === name)?.value ?? Number.NaN) / 1024;
  const processes = rows.flatMap(({ name, value }, at) => {
    // The kernel's own threads have no memory of theirs.
    if (name !== 'Name' || rows[at + 1]?.name !== 'VmRSS') return [];
    return [
      { name: value, residentMib: Number(rows[at + 1]!.value) / 1024, swappedMib: Number(rows[at + 2]?.value ?? 0) / 1024 },
    ];
  });
  return {
    totalMib: mib('MemTotal'),
    usedMib: mib('MemTotal') - mib('MemAvailable'),
    swappedMib: mib('SwapTotal') - mib('SwapFree'),
    processes: processes.sort((one, other) => other.residentMib - one.residentMib),
  };
}

/** The same in a few lines, for a report. */
export function tellMemory({ totalMib, usedMib, swappedMib, processes }: Memory): string {
  const whole = (mib: number) => mib.toFixed(0);
  const rows = processes.slice(0, 6).map(({ name, residentMib, swappedMib: away }) => {
    return `          ${name}: ${whole(residentMib)} MiB resident, ${whole(away)} swapped`;
  });
  return [`        memory in use: ${whole(usedMib)} of ${whole(totalMib)} MiB, swapped: ${whole(swappedMib)} MiB`, ...rows].join(
    '\n',
  );
}
