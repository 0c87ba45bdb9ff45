import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Charge of the first battery in percent; `undefined` on mains (Linux ABI, sysfs-class-power).
 * @param root other than `/sys/class/power_supply` in tests only.
 */
export function batteryPercent(root = '/sys/class/power_supply'): number | undefined {
  for (const name of list(root)) {
    // Scope "Device" is the battery of a mouse or a pen.
    const isOurs = read(join(root, name, 'type')) === 'Battery' && read(join(root, name, 'scope')) !== 'Device';
    const percent = isOurs ? Number.parseInt(read(join(root, name, 'capacity')), 10) : Number.NaN;
    if (percent >= 0 && percent <= 100) return percent;
  }
  return undefined;
}

/** Memory of this machine as the kernel counts it: in use is what is not available (proc(5), meminfo). */
export function memory(path = '/proc/meminfo'): { readonly usedBytes: number; readonly totalBytes: number } | undefined {
  const text = read(path);
  const bytes = (name: string) => Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(text)?.[1] ?? Number.NaN) * 1024;
  const totalBytes = bytes('MemTotal');
  const usedBytes = totalBytes - bytes('MemAvailable');
  return usedBytes >= 0 ? { usedBytes, totalBytes } : undefined;
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
