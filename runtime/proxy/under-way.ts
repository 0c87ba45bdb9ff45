/** Requests under way, by container: whoever stops a container waits for its last one. */
export interface UnderWay {
  /** A request begins. Answers what is called once at its end. */
  begin(containerId: string): () => void;
  count(containerId: string): number;
  /** Resolves when none is under way any more. */
  drained(containerId: string): Promise<void>;
}

export function createUnderWay(): UnderWay {
  const counts = new Map<string, number>();
  const waiting = new Map<string, (() => void)[]>();

  function end(containerId: string): void {
    const left = (counts.get(containerId) ?? 0) - 1;
    if (left > 0) return void counts.set(containerId, left);
    counts.delete(containerId);
    const waiters = waiting.get(containerId) ?? [];
    waiting.delete(containerId);
    for (const resolve of waiters) resolve();
  }

  return {
    begin(containerId) {
      counts.set(containerId, (counts.get(containerId) ?? 0) + 1);
      let isOver = false;
      return () => {
        if (!isOver) end(containerId);
        isOver = true;
      };
    },
    count: (containerId) => counts.get(containerId) ?? 0,
    drained(containerId) {
      if (!counts.has(containerId)) return Promise.resolve();
      return new Promise((resolve) => waiting.set(containerId, [...(waiting.get(containerId) ?? []), resolve]));
    },
  };
}
