/** What a link reproduces: the world by its seed, the moment by its block, and what was looked at. */
export interface View {
  /** Name of the chosen device. */
  readonly device: string;
  readonly tool: string;
  readonly tab: 'events' | 'gauges';
  readonly search: string;
  /** Block that is pointed at. */
  readonly block?: number | undefined;
  /** Site where a board may be added; no part of a link. */
  readonly site?: string;
  readonly seed?: string;
  /** Head of the world when the link was made. */
  readonly at?: number;
}

export const FIRST_VIEW: View = { device: '', tool: 'select', tab: 'events', search: '' };

const TEXT_LIMIT = 200;

/** The view as the part of an address after `#`. What is as at the beginning is left out. */
export function toHash(view: View): string {
  const fields = new URLSearchParams();
  for (const key of ['device', 'tool', 'tab', 'search', 'block', 'seed', 'at'] as const) {
    const value = view[key];
    if (value !== undefined && value !== FIRST_VIEW[key]) fields.set(key, String(value));
  }
  return fields.size === 0 ? '' : `#${fields}`;
}

/** Never throws: what cannot be read is as at the beginning. */
export function fromHash(hash: string): View {
  const fields = new URLSearchParams(hash.replace(/^#/, '').slice(0, 2000));
  const text = (key: string) => (fields.get(key) ?? '').slice(0, TEXT_LIMIT);
  const number = (key: string) => (/^\d{1,15}$/.test(text(key)) ? Number(text(key)) : undefined);
  const [block, at, seed] = [number('block'), number('at'), text('seed')];
  return {
    device: text('device'),
    tool: text('tool') || FIRST_VIEW.tool,
    tab: text('tab') === 'gauges' ? 'gauges' : 'events',
    search: text('search'),
    ...(block !== undefined && { block }),
    ...(at !== undefined && { at }),
    ...(seed !== '' && { seed }),
  };
}
