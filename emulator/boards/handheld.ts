import { LCD, type Looks } from './looks.ts';

/** A handheld with a large LCD and three keys under it. */
export const handheld: Looks = {
  name: 'handheld',
  title: 'Handheld',
  width: 192,
  height: 320,
  parts: [
    { of: 'metal', x: 188, y: 66, width: 4, height: 30, radius: 1.5 },
    { of: 'shell', x: 1, y: 1, width: 188, height: 312, radius: 19 },
    { of: 'lip', x: 3.5, y: 3.5, width: 183, height: 307, radius: 17 },
    { of: 'glass', x: 9, y: 11, width: 172, height: 276, radius: 9 },
  ],
  lcd: { x: 15, y: 17, ...LCD, radius: 2 },
  keys: [
    { name: 'left', label: 'A', x: 18, y: 292, width: 44, height: 15, radius: 7.5 },
    { name: 'middle', label: 'B', x: 73, y: 292, width: 44, height: 15, radius: 7.5 },
    { name: 'right', label: 'X', x: 128, y: 292, width: 44, height: 15, radius: 7.5 },
  ],
  lamp: { x: 95, y: 6.4, radius: 1.8 },
  plug: { x: 80, y: 312, width: 30, height: 8, radius: 2 },
};
