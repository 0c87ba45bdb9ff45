import { type Canvas, Colour, length } from './canvas.ts';
import { FACE_8 } from './face.ts';
import type { IconName } from './icons.ts';
import { type PagePanel, pagePainters } from './page-panels.ts';
import { MARGIN, MARK_TEXT, type PanelPainter, RIGHT } from './panel-kit.ts';
import type { MarkName } from './shapes.ts';

/**
 * A strip of the LCD, as data: it says what stands there, not how. A screen is panels from top to bottom.
 * Texts are expected to fit; who builds a panel cuts them (36 characters at scale 1, 18 at scale 2).
 */
export type Panel =
  | PagePanel
  | {
      readonly kind: 'title';
      readonly icon: IconName;
      readonly title: string;
      readonly clock: string;
      readonly linked: boolean;
      readonly battery?: number;
    }
  | { readonly kind: 'brand'; readonly name: string; readonly detail: string }
  | { readonly kind: 'intro'; readonly icon: IconName; readonly lines: readonly string[] }
  | {
      readonly kind: 'hero';
      readonly app: string;
      readonly big: string;
      readonly word: string;
      readonly mark: MarkName;
      /** History: never filled. */ readonly quiet?: boolean;
    }
  | { readonly kind: 'row'; readonly label: string; readonly value: string; readonly tone?: MarkName }
  | { readonly kind: 'meter'; readonly label: string; readonly value: string; readonly share: number }
  | { readonly kind: 'check'; readonly mark: MarkName; readonly label: string; readonly value: string }
  | { readonly kind: 'step'; readonly mark: MarkName; readonly label: string; readonly value: string }
  | { readonly kind: 'progress'; readonly share: number; readonly tone: MarkName; readonly label: string; readonly value: string }
  | {
      readonly kind: 'lines';
      readonly lines: readonly string[];
      readonly scale: 1 | 2;
      readonly height: number;
      readonly raised: boolean;
    }
  | { readonly kind: 'gap'; readonly height: number }
  | { readonly kind: 'foot'; readonly left: string; readonly right: string };

type Of<K extends Panel['kind']> = Extract<Panel, { kind: K }>;

/** Height of a panel in pixels. */
export function heightOf(panel: Panel): number {
  const { height } = painterOf(panel);
  return typeof height === 'number' ? height : height(panel);
}

/** A panel's lines of text, top to bottom. */
export function textOf(panel: Panel): readonly string[] {
  return painterOf(panel).text(panel);
}

/** Draws a panel on a canvas of its height. */
export function paint(panel: Panel, canvas: Canvas): void {
  canvas.fill(0, 0, canvas.width, canvas.height, Colour.background);
  painterOf(panel).paint(panel, canvas);
}

function painterOf(panel: Panel): PanelPainter<Panel> {
  return painters[panel.kind] as PanelPainter<Panel>;
}

const painters: { readonly [K in Panel['kind']]: PanelPainter<Of<K>> } = {
  ...pagePainters,
  title: {
    height: 40,
    text: (panel) => [`${panel.title} ${panel.clock}${panel.linked ? '' : ' no peers'}`],
    paint: paintTitle,
  },
  brand: {
    height: 112,
    text: (panel) => [panel.name, panel.detail],
    paint: (panel, canvas) => {
      canvas.icon('device', 8, 24, Colour.ink, 4);
      canvas.text(panel.name, 88, 30, { colour: Colour.ink, scale: 2 });
      canvas.text(panel.detail, 88, 68, { colour: Colour.dim });
      canvas.fill(MARGIN, 104, RIGHT - MARGIN, 1, Colour.line);
    },
  },
  intro: {
    height: 152,
    text: (panel) => panel.lines,
    paint: (panel, canvas) => {
      canvas.icon(panel.icon, 232, 48, Colour.line, 4);
      panel.lines.forEach((line, index) => {
        canvas.text(line, MARGIN, 44 + index * 36, { colour: Colour.ink, scale: 2 });
      });
    },
  },
  hero: {
    height: 152,
    text: (panel) => [`${panel.app} ${panel.big}`, panel.word],
    paint: paintHero,
  },
  row: {
    height: 48,
    text: (panel) => [`${panel.label} ${panel.value}`],
    paint: (panel, canvas) => {
      canvas.fill(MARGIN, 0, RIGHT - MARGIN, 1, Colour.line);
      canvas.text(panel.label, MARGIN, 17, { colour: Colour.dim });
      canvas.textTo(panel.value, RIGHT, 8, { colour: panel.tone ? Colour[panel.tone] : Colour.ink, scale: 2 });
    },
  },
  meter: {
    height: 64,
    text: (panel) => [`${panel.label} ${panel.value}`],
    paint: (panel, canvas) => {
      canvas.fill(MARGIN, 0, RIGHT - MARGIN, 1, Colour.line);
      canvas.text(panel.label, MARGIN, 17, { colour: Colour.dim });
      canvas.textTo(panel.value, RIGHT, 8, { colour: Colour.ink, scale: 2 });
      canvas.progress(MARGIN, 46, RIGHT - MARGIN, panel.share, Colour.ink);
    },
  },
  check: {
    height: 32,
    text: (panel) => [`${MARK_TEXT[panel.mark]} ${panel.label} ${panel.value}`.trimEnd()],
    paint: (panel, canvas) => {
      canvas.mark(panel.mark, MARGIN, 8, 16, Colour[panel.mark]);
      canvas.text(panel.label, 40, 8, { colour: panel.mark === 'offline' ? Colour.dim : Colour.ink });
      canvas.textTo(panel.value, RIGHT, 8, { colour: panel.mark === 'failed' ? Colour.failed : Colour.dim });
    },
  },
  step: {
    height: 48,
    text: (panel) => [`${MARK_TEXT[panel.mark]} ${panel.label} ${panel.value}`.trimEnd()],
    paint: (panel, canvas) => {
      canvas.fill(MARGIN, 0, RIGHT - MARGIN, 1, Colour.line);
      canvas.mark(panel.mark, MARGIN, 8, 32, Colour[panel.mark]);
      canvas.text(panel.label, 60, 8, { colour: panel.mark === 'offline' ? Colour.dim : Colour.ink, scale: 2 });
      canvas.textTo(panel.value, RIGHT, 17, { colour: Colour.dim });
    },
  },
  progress: {
    height: 48,
    text: (panel) => [`${panel.label} ${panel.value}`],
    paint: (panel, canvas) => {
      canvas.progress(MARGIN, 8, RIGHT - MARGIN, panel.share, Colour[panel.tone]);
      canvas.text(panel.label, MARGIN, 28, { colour: Colour.dim });
      canvas.textTo(panel.value, RIGHT, 28, { colour: Colour.ink });
    },
  },
  lines: {
    height: (panel) => panel.height,
    text: (panel) => panel.lines,
    paint: paintLines,
  },
  gap: { height: (panel) => panel.height, text: () => [], paint: () => {} },
  foot: {
    height: 24,
    text: (panel) => [`${panel.left} ${panel.right}`],
    paint: (panel, canvas) => {
      canvas.fill(0, 0, canvas.width, canvas.height, Colour.panel);
      canvas.text(panel.left, MARGIN, 8, { colour: Colour.dim, face: FACE_8 });
      canvas.textTo(panel.right, RIGHT, 8, { colour: Colour.dim, face: FACE_8 });
    },
  },
};

function paintTitle(panel: Of<'title'>, canvas: Canvas): void {
  canvas.icon(panel.icon, MARGIN, 12, Colour.ink);
  canvas.text(panel.title, 40, 12, { colour: Colour.ink });
  canvas.textTo(panel.clock, RIGHT, 12, { colour: Colour.ink });
  canvas.icon(panel.linked ? 'linked' : 'cut', 200, 12, panel.linked ? Colour.ink : Colour.offline);
  canvas.fill(0, 39, canvas.width, 1, Colour.line);
  if (panel.battery === undefined) return;
  canvas.frame(226, 13, 28, 14, Colour.ink, 2);
  canvas.fill(254, 17, 2, 6, Colour.ink);
  canvas.fill(230, 17, Math.round((20 * panel.battery) / 100), 6, panel.battery < 15 ? Colour.failed : Colour.ink);
}

/** Filled for what is changing or failed, black for healthy, hatched for what does not count. */
function paintHero(panel: Of<'hero'>, canvas: Canvas): void {
  const isFilled = !panel.quiet && (panel.mark === 'changing' || panel.mark === 'failed');
  const accent = Colour[panel.mark];
  const ink = isFilled ? Colour.background : Colour.ink;
  if (isFilled) canvas.fill(0, 0, canvas.width, 144, accent);
  if (isFilled && panel.mark === 'failed') canvas.stripes(0, 144, canvas.width, 8, accent);
  if (panel.mark === 'offline') {
    canvas.hatch(208, 0, 112, 144, Colour.line);
    canvas.fill(222, 40, 72, 72, Colour.background);
  }
  canvas.text(panel.app, MARGIN, 8, { colour: isFilled ? ink : Colour.dim, scale: 2 });
  canvas.text(panel.big, MARGIN, 36, { colour: ink, scale: length(panel.big) > 6 ? 2 : 4 });
  canvas.text(panel.word, MARGIN, 104, { colour: isFilled ? ink : accent, scale: 2 });
  canvas.mark(panel.mark, 232, 48, 64, isFilled ? ink : accent);
}

function paintLines(panel: Of<'lines'>, canvas: Canvas): void {
  const { lines, scale, height, raised } = panel;
  if (raised) canvas.fill(0, 0, canvas.width, height, Colour.panel);
  const pitch = scale * 16 + (scale === 1 ? 6 : 2);
  const top = raised ? Math.floor((height - lines.length * pitch) / 2) + 3 : 8;
  lines.forEach((line, index) => {
    const colour = scale === 2 || index === 0 ? Colour.ink : Colour.dim;
    canvas.text(line, MARGIN, top + index * pitch, { colour, scale });
  });
}
