import type { Canvas } from './canvas.ts';
import type { MarkName } from './shapes.ts';

/** How one kind of panel is measured, said and drawn. */
export interface PanelPainter<P> {
  readonly height: number | ((panel: P) => number);
  /** The text twin: the same words, for tests and for those who do not see the LCD. */
  readonly text: (panel: P) => readonly string[];
  /** Draws on a canvas that is as high as the panel and holds the background colour. */
  readonly paint: (panel: P, canvas: Canvas) => void;
}

export const MARGIN = 16;
export const RIGHT = 304;

/** How the text twin says a mark. */
export const MARK_TEXT: { readonly [K in MarkName]: string } = {
  healthy: '[x]',
  changing: '[~]',
  failed: '[!]',
  offline: '[ ]',
};
