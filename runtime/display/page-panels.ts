import { type Canvas, Colour, length } from './canvas.ts';
import { FACE_8 } from './face.ts';
import type { IconName } from './icons.ts';
import { MARGIN, MARK_TEXT, type PanelPainter, RIGHT } from './panel-kit.ts';
import { encodeQr } from './qr.ts';
import type { MarkName } from './shapes.ts';

/** What one of the three cells over the three keys says; `up` and `down` are drawn as arrows. */
export type SoftLabel = string | undefined;

/** The panels of the pages that a hand opens. Those with a `row` can be touched; the chosen one is where the keys stand. */
export type PagePanel =
  | { readonly kind: 'heading'; readonly text: string; readonly word: string; readonly tone: MarkName }
  | { readonly kind: 'question'; readonly lines: readonly string[] }
  | {
      readonly kind: 'entry';
      readonly icon: IconName;
      readonly label: string;
      readonly value: string;
      readonly row: number;
      readonly chosen: boolean;
    }
  | {
      readonly kind: 'item';
      readonly mark: MarkName;
      readonly big: string;
      readonly word: string;
      readonly detail: string;
      readonly value: string;
      readonly row: number;
      readonly chosen: boolean;
    }
  | {
      readonly kind: 'peer';
      readonly mark: MarkName;
      readonly name: string;
      readonly value: string;
      readonly row: number;
      readonly chosen: boolean;
    }
  | {
      readonly kind: 'tally';
      readonly healthy: number;
      readonly unhealthy: number;
      readonly voters: number;
      readonly needed: number;
      readonly back: boolean;
    }
  | {
      readonly kind: 'line';
      readonly time: string;
      readonly lines: readonly string[];
      readonly tone?: MarkName;
      readonly row: number;
      readonly chosen: boolean;
    }
  | { readonly kind: 'pairs'; readonly cells: readonly (readonly [label: string, value: string])[] }
  | { readonly kind: 'code'; readonly content: string }
  | {
      readonly kind: 'soft';
      readonly labels: readonly [SoftLabel, SoftLabel, SoftLabel];
      readonly primary?: number;
      readonly pressed?: number;
    };

type Of<K extends PagePanel['kind']> = Extract<PagePanel, { kind: K }>;

const CODE_MODULE = 6;
const CODE_QUIET = 4;

export const pagePainters: { readonly [K in PagePanel['kind']]: PanelPainter<Of<K>> } = {
  heading: {
    height: 76,
    text: (panel) => [panel.text, panel.word],
    paint: (panel, canvas) => {
      canvas.text(panel.text, MARGIN, 10, { colour: Colour.ink, scale: 2 });
      canvas.text(panel.word, MARGIN, 48, { colour: panel.tone === 'offline' ? Colour.dim : Colour[panel.tone] });
      canvas.fill(0, 75, canvas.width, 1, Colour.line);
    },
  },
  question: {
    height: 96,
    text: (panel) => panel.lines,
    paint: (panel, canvas) => {
      panel.lines.forEach((line, index) => {
        canvas.text(line, MARGIN, 14 + index * 32, { colour: Colour.ink, scale: 2 });
      });
      canvas.icon('vote', 240, 14, Colour.chosen, 4);
      canvas.fill(0, 95, canvas.width, 1, Colour.line);
    },
  },
  entry: {
    height: 56,
    text: (panel) => [`${pointer(panel)}${panel.label} ${panel.value}`.trimEnd()],
    paint: (panel, canvas) => {
      ground(panel.chosen, canvas);
      canvas.icon(panel.icon, 20, 20, panel.chosen ? Colour.chosen : Colour.dim);
      canvas.text(panel.label, 52, 12, { colour: Colour.ink, scale: 2 });
      canvas.textTo(panel.value, RIGHT, 20, { colour: Colour.dim });
    },
  },
  item: {
    height: 88,
    text: (panel) => [
      `${pointer(panel)}${MARK_TEXT[panel.mark]} ${panel.big} ${panel.word}`,
      `${panel.detail} ${panel.value}`.trim(),
    ],
    paint: (panel, canvas) => {
      ground(panel.chosen, canvas);
      canvas.mark(panel.mark, 24, 28, 32, Colour[panel.mark]);
      const next = canvas.text(panel.big, 72, 10, { colour: Colour.ink, scale: 2 });
      canvas.text(panel.word, next + 12, 19, { colour: Colour.ink });
      canvas.text(panel.detail, 72, 54, { colour: Colour.dim });
      canvas.textTo(panel.value, RIGHT, 54, { colour: Colour.dim });
    },
  },
  peer: {
    height: 48,
    text: (panel) => [`${pointer(panel)}${MARK_TEXT[panel.mark]} ${panel.name} ${panel.value}`.trimEnd()],
    paint: (panel, canvas) => {
      ground(panel.chosen, canvas);
      canvas.mark(panel.mark, 20, 16, 16, Colour[panel.mark]);
      canvas.text(panel.name, 52, 16, { colour: panel.mark === 'offline' ? Colour.dim : Colour.ink });
      canvas.textTo(panel.value, RIGHT, 16, { colour: Colour.dim });
    },
  },
  tally: {
    height: 112,
    text: (panel) => [`${counted(panel)} of ${panel.voters}, needs ${panel.needed}`],
    paint: paintTally,
  },
  line: {
    height: 52,
    text: (panel) => [`${pointer(panel)}${panel.time} ${panel.lines[0] ?? ''}`, ...panel.lines.slice(1)],
    paint: (panel, canvas) => {
      ground(panel.chosen, canvas);
      if (panel.tone && !panel.chosen) canvas.fill(8, 4, 4, 44, Colour[panel.tone]);
      canvas.text(panel.time, 20, 13, { colour: Colour.dim, face: FACE_8 });
      panel.lines.forEach((line, index) => {
        canvas.text(line, 76, 7 + index * 20, { colour: index === 0 || panel.chosen ? Colour.ink : Colour.dim });
      });
    },
  },
  pairs: {
    height: 32,
    text: (panel) => panel.cells.map(([label, value]) => `${label} ${value}`),
    paint: (panel, canvas) => {
      panel.cells.forEach(([label, value], index) => {
        const [left, right] = panel.cells.length === 1 ? [MARGIN, RIGHT] : index === 0 ? [MARGIN, 152] : [176, RIGHT];
        canvas.text(label, left, 8, { colour: Colour.dim });
        canvas.textTo(value, right, 8, { colour: Colour.ink });
      });
    },
  },
  code: { height: 256, text: (panel) => [`QR ${panel.content}`], paint: paintCode },
  soft: {
    height: 48,
    text: (panel) => (panel.labels.some((label) => label) ? [`<${panel.labels.map((label) => label ?? '').join('|')}>`] : []),
    paint: paintSoft,
  },
};

const pointer = ({ chosen }: { readonly chosen: boolean }): string => (chosen ? '> ' : '');

/** A chosen row lies on a panel with a blue edge; the others are parted by a line. */
function ground(chosen: boolean, canvas: Canvas): void {
  if (!chosen) {
    canvas.fill(MARGIN, canvas.height - 1, RIGHT - MARGIN, 1, Colour.line);
    return;
  }
  canvas.fill(8, 0, canvas.width - 16, canvas.height, Colour.panel);
  canvas.fill(8, 0, 4, canvas.height, Colour.chosen);
}

const counted = ({ back, healthy, unhealthy }: Of<'tally'>): number => (back ? unhealthy : healthy);

const BOX_PITCH_MOST = 40;

/** A box for each voter, those that count for the decision first, and the line at which it falls. */
function paintTally(panel: Of<'tally'>, canvas: Canvas): void {
  const { voters, needed, back } = panel;
  const pitch = Math.min(BOX_PITCH_MOST, Math.floor((RIGHT - MARGIN + 8) / Math.max(1, voters)));
  const side = Math.max(2, pitch - (pitch > 12 ? 8 : 2));
  const for_ = counted(panel);
  const against = back ? panel.healthy : panel.unhealthy;
  for (let index = 0; index < voters; index++) {
    const x = MARGIN + index * pitch;
    if (index < for_) paintVote(canvas, x, side, back ? Colour.failed : Colour.ink, back);
    else if (index < for_ + against) canvas.frame(x, 16, side, 32, back ? Colour.ink : Colour.failed, 2);
    else canvas.frame(x, 16, side, 32, Colour.line, side > 12 ? 2 : 1);
  }
  canvas.fill(MARGIN + needed * pitch - Math.ceil((pitch - side) / 2) - 1, 6, 2, 52, Colour.chosen);
  canvas.text(`${for_} of ${voters}`, MARGIN, 68, { colour: Colour.ink, scale: 2 });
  canvas.textTo(`needs ${needed}`, RIGHT, 80, { colour: Colour.chosen });
}

function paintVote(canvas: Canvas, x: number, side: number, colour: number, back: boolean): void {
  canvas.fill(x, 16, side, 32, colour);
  if (side >= 24) canvas.icon(back ? 'no' : 'yes', x + Math.floor((side - 16) / 2), 24, Colour.background);
}

function paintCode(panel: Of<'code'>, canvas: Canvas): void {
  const modules = encodeQr(panel.content);
  const size = (modules.length + 2 * CODE_QUIET) * CODE_MODULE;
  const left = Math.floor((canvas.width - size) / 2);
  const top = Math.floor((canvas.height - size) / 2);
  canvas.fill(left, top, size, size, 0xffff);
  modules.forEach((row, y) => {
    row.forEach((isDark, x) => {
      const at = (index: number) => (index + CODE_QUIET) * CODE_MODULE;
      if (isDark) canvas.fill(left + at(x), top + at(y), CODE_MODULE, CODE_MODULE, 0);
    });
  });
}

const CELLS: readonly (readonly [left: number, width: number])[] = [
  [0, 107],
  [107, 106],
  [213, 107],
];

function paintSoft({ labels, primary, pressed }: Of<'soft'>, canvas: Canvas): void {
  canvas.fill(0, 0, canvas.width, canvas.height, Colour.panel);
  canvas.fill(0, 0, canvas.width, 1, Colour.line);
  CELLS.forEach(([left, width], index) => {
    if (index > 0) canvas.fill(left, 8, 1, 32, Colour.line);
    const label = labels[index];
    if (!label) return;
    const isFilled = index === primary || index === pressed;
    if (isFilled) canvas.fill(left + 8, 6, width - 16, 36, index === pressed ? Colour.chosen : Colour.ink);
    const colour = isFilled ? Colour.background : Colour.ink;
    const middle = left + Math.floor(width / 2);
    if (label === 'up' || label === 'down') canvas.icon(label, middle - 8, 16, colour);
    else canvas.text(label, middle - length(label) * 4, 16, { colour });
  });
}

/** Which of the three cells lies over this column. */
export function cellAt(x: number): number {
  return CELLS.findLastIndex(([left]) => x >= left);
}
