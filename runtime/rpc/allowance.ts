/** Requests a second that a connection may send for long, and how many at once after a pause. */
export const RATE = 1_000;
export const BURST = 4_000;

/** A bucket that fills with {@link RATE} and holds {@link BURST}; answers whether one more may be taken. */
export function allowanceOf(nowMs: () => number): () => boolean {
  let left = BURST;
  let seenMs = nowMs();
  return () => {
    const now = nowMs();
    left = Math.min(BURST, left + (Math.max(0, now - seenMs) * RATE) / 1000);
    seenMs = now;
    if (left < 1) return false;
    left--;
    return true;
  };
}
