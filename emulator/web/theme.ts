const KEY = 'classpad-theme';

/** Takes the theme chosen earlier; without one the page follows the system. */
export function restoreTheme(): void {
  const chosen = localStorage.getItem(KEY);
  if (chosen) document.documentElement.dataset['theme'] = chosen;
}

/** Changes from light to dark or back, and remembers it. */
export function switchTheme(): void {
  const { dataset } = document.documentElement;
  const isDark = dataset['theme'] ? dataset['theme'] === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  dataset['theme'] = isDark ? 'light' : 'dark';
  localStorage.setItem(KEY, dataset['theme']);
}
