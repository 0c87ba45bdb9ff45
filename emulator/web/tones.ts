/** The colours of the page as a canvas takes them, in the theme of the moment. */
const NAMES = [
  'page',
  'ink',
  'ink2',
  'ink3',
  'line',
  'line2',
  'healthy',
  'changing',
  'failed',
  'offline',
  'chosen',
  'healthy-mark',
  'changing-mark',
  'failed-mark',
  'offline-mark',
] as const;

export type Tones = { readonly [name in (typeof NAMES)[number]]: string } & { readonly font: string };

/** Reads the style sheet's colours where the element stands. */
export function tonesAt(place: HTMLElement): Tones {
  const probe = place.appendChild(document.createElement('i'));
  const colour = (name: string) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const tones = Object.fromEntries(NAMES.map((name) => [name, colour(name)]));
  const { fontFamily } = getComputedStyle(probe);
  probe.remove();
  return { ...tones, font: fontFamily } as Tones;
}

/** Calls back when the theme changes, by hand or with the system. Answers how to stop. */
export function onTheme(listener: () => void): () => void {
  const observer = new MutationObserver(listener);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  const query = matchMedia('(prefers-color-scheme: dark)');
  query.addEventListener('change', listener);
  return () => {
    observer.disconnect();
    query.removeEventListener('change', listener);
  };
}
