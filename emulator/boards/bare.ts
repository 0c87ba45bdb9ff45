import { LCD, type Looks, type Part } from './looks.ts';

const holes: Part[] = [
  [5, 5],
  [193, 5],
  [5, 305],
  [193, 305],
].map(([x, y]) => ({ of: 'hole', x: x!, y: y!, width: 10, height: 10, radius: 5 }));

const pins: Part[] = Array.from({ length: 20 }, (_, index) => ({
  of: 'pin',
  x: 24 + (index % 10) * 6,
  y: 4 + Math.floor(index / 10) * 5,
  width: 3,
  height: 3,
}));

const traces: Part[] = [0, 1, 2, 3].map((line) => ({ of: 'trace', x: 190 + line * 3, y: 60, width: 1, height: 120 + line * 14 }));

/** A development board: LCD on a circuit board, all six keys, nothing around it. */
export const bare: Looks = {
  name: 'bare',
  title: 'Bare board',
  width: 208,
  height: 330,
  parts: [
    { of: 'shell', x: 1, y: 1, width: 206, height: 319, radius: 4 },
    ...holes,
    ...pins,
    ...traces,
    { of: 'chip', x: 188, y: 200, width: 14, height: 30, radius: 1 },
    { of: 'chip', x: 4, y: 200, width: 12, height: 18, radius: 1 },
    { of: 'metal', x: 120, y: 4, width: 24, height: 9, radius: 1 },
    { of: 'glass', x: 20, y: 16, width: 166, height: 272, radius: 2 },
  ],
  lcd: { x: 23, y: 19, ...LCD },
  keys: [
    { name: 'left', label: 'A', x: 20, y: 295, width: 20, height: 20, radius: 10 },
    { name: 'middle', label: 'B', x: 49, y: 295, width: 20, height: 20, radius: 10 },
    { name: 'right', label: 'X', x: 78, y: 295, width: 20, height: 20, radius: 10 },
    { name: 'back', label: '↩', x: 107, y: 295, width: 20, height: 20, radius: 10 },
    { name: 'up', label: '↑', x: 136, y: 295, width: 20, height: 20, radius: 10 },
    { name: 'down', label: '↓', x: 165, y: 295, width: 20, height: 20, radius: 10 },
  ],
  lamp: { x: 196, y: 30, radius: 2 },
  plug: { x: 88, y: 319, width: 30, height: 9, radius: 1 },
};
