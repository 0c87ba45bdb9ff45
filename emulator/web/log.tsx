import { useLayoutEffect, useRef } from 'preact/hooks';
import type { LogLine } from '../protocol.ts';
import { elapsedParts } from './words.ts';

/** A device's log. It follows the newest line only while it is scrolled to the end. */
export function LogView({ lines }: { lines: readonly LogLine[] }) {
  const box = useRef<HTMLOListElement>(null);
  const follows = useRef(true);
  useLayoutEffect(() => {
    if (follows.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines]);
  const scrolled = () => {
    const { scrollTop, scrollHeight, clientHeight } = box.current!;
    follows.current = scrollHeight - scrollTop - clientHeight < 8;
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so keys must be able to scroll it
    <ol class="log" ref={box} tabIndex={0} aria-label="Log" onScroll={scrolled}>
      {lines.map(({ id, at, level, text }) => {
        const [clock, rest] = elapsedParts(at);
        return (
          <li key={id} class={level}>
            <span>
              {clock.slice(3)}
              {rest}
            </span>
            {text}
          </li>
        );
      })}
      {lines.length === 0 && <li class="none">Nothing yet.</li>}
    </ol>
  );
}
