import type { ViewState } from '../protocol.ts';
import { RING, SHAPES } from './shapes.ts';

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
  if (state !== 'offline') return <path fill-rule="evenodd" d={SHAPES[state]} />;
  const { radius, width, dashes, offset } = RING;
  return (
    <circle
      class="ring"
      cx="8"
      cy="8"
      r={radius}
      fill="none"
      stroke-width={width}
      stroke-dasharray={dashes.join(' ')}
      stroke-dashoffset={offset}
    />
  );
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
