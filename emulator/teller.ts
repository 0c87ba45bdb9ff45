import type { Teller } from './story.ts';

/** A terminal, or what stands for one. */
export interface Out {
  /** A line that stays. */
  line(text: string): void;
  /** Replaces the current line; absent where lines cannot be taken back. */
  readonly redraw?: (text: string) => void;
}

/** Without a terminal, what is being waited for is said after this long. */
const PATIENCE_MS = 3000;
const WIDTH = 100;

/** Tells a story line by line: a mark, what happened, how long it took. */
export function lineTeller(out: Out, nowMs: () => number): Teller {
  let step = '';
  let startedMs = 0;
  let said = false;
  return {
    waiting(title, what) {
      if (title !== step) {
        step = title;
        startedMs = nowMs();
        said = false;
      }
      const text = `  … ${title}: waiting for ${what}`;
      if (out.redraw) out.redraw(text.slice(0, WIDTH));
      else if (!said && nowMs() - startedMs > PATIENCE_MS) {
        said = true;
        out.line(text);
      }
    },
    done(title, detail, tookMs) {
      out.redraw?.('');
      out.line(`  ✓ ${title.padEnd(56)} ${(tookMs / 1000).toFixed(1).padStart(5)} s`);
      out.line(`      ${detail}`);
    },
    line: (text) => {
      out.redraw?.('');
      out.line(`    ${text}`);
    },
  };
}
