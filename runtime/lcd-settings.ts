import { utf8Decode, utf8Encode } from './bytes.ts';
import { DEFAULT_SETTINGS, type Settings } from './display/index.ts';
import type { Store } from './ports/index.ts';

const KEY = 'lcd/settings';

/** What the owner has set on the LCD; what cannot be read is as from the factory. */
export function readSettings(store: Store): Settings {
  try {
    const bytes = store.get(KEY);
    return bytes ? parse(JSON.parse(utf8Decode(bytes))) : DEFAULT_SETTINGS;
  } catch {
    return DEFAULT_SETTINGS;
  }
}

export function writeSettings(store: Store, settings: Settings): void {
  store.write([[KEY, utf8Encode(JSON.stringify(settings))]]);
}

function parse(value: Partial<Settings>): Settings {
  const { clockOffsetHours: hours, log } = value;
  const isHours = typeof hours === 'number' && Number.isInteger(hours) && Math.abs(hours) <= 14;
  return { clockOffsetHours: isHours ? hours : 0, log: log === 'warnings' ? log : 'all' };
}
