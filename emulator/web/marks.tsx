import type { ViewState } from '../protocol.ts';

/** The mark of a state: always with a word next to it, never alone. */
export function Mark({ state, size = 14 }: { state: ViewState | 'neutral'; size?: number }) {
  return (
    <svg class={`mark ${state}`} width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      <Shape state={state} />
    </svg>
  );
}

/** The same shape as a part of another drawing of 16 units. */
export function Shape({ state }: { state: ViewState | 'neutral' }) {
  switch (state) {
    case 'healthy':
      return <path fill-rule="evenodd" d="M8 0a8 8 0 1 1 0 16A8 8 0 0 1 8 0ZM4.9 7.3 3.4 8.8 7 12.3l5.7-6.4-1.6-1.4L6.9 9.2Z" />;
    case 'changing':
      return <path fill-rule="evenodd" d="M8 0a8 8 0 1 1 0 16A8 8 0 0 1 8 0Zm.6 2v12A6 6 0 0 0 8.6 2Z" />;
    case 'failed':
      return (
        <path
          fill-rule="evenodd"
          d="M3 0h10a3 3 0 0 1 3 3v10a3 3 0 0 1-3 3H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3Zm2.2 3.8L3.8 5.2 6.6 8l-2.8 2.8 1.4 1.4L8 9.4l2.8 2.8 1.4-1.4L9.4 8l2.8-2.8-1.4-1.4L8 6.6Z"
        />
      );
    case 'offline':
      return (
        <circle
          class="ring"
          cx="8"
          cy="8"
          r="6.8"
          fill="none"
          stroke-width="2"
          stroke-dasharray="6.7 3.98"
          stroke-dashoffset="-2"
        />
      );
    case 'neutral':
      return <rect x="4" y="4" width="8" height="8" rx="1" transform="rotate(45 8 8)" />;
  }
}

/** A mark and its word. */
export function StateTag({ state, text }: { state: ViewState; text: string }) {
  return (
    <span class={`state ${state}`}>
      <Mark state={state} />
      <em>{text}</em>
    </span>
  );
}
