import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Of the space for what is young, both of its halves. Beyond, a node is hardly faster; left alone it takes 32 MiB. */
const YOUNG_BYTES = 4 * 1024 * 1024;
/** What is old is looked through when there is so much more of it than was left the last time. */
const OLD_GROWTH_PERCENT = 30;

/**
 * Keeps the heap of this process small: V8 would take what the machine has before it looks for garbage. Answers what is to be
 * called once the process serves.
 * @param isTight On small boards: what is young gets no more room than at the start.
 */
export function keepHeapSmall(isTight = false): () => void {
  setFlagsFromString(`--heap-growing-percent=${OLD_GROWTH_PERCENT}`);
  // A start makes much at once, and room that it took would stay.
  growYoung(false);
  return () => {
    collect();
    if (!isTight && youngBytes() < YOUNG_BYTES) growYoungOnce();
  };
}

/** The flag for a largest size is read before there is any code of ours to set it: so growing ends when it is reached. */
function growYoungOnce(): void {
  const observer = new PerformanceObserver(() => {
    if (youngBytes() < YOUNG_BYTES) return;
    observer.disconnect();
    growYoung(false);
  });
  observer.observe({ entryTypes: ['gc'] });
  growYoung(true);
}

function growYoung(isAllowed: boolean): void {
  setFlagsFromString(`--semi-space-growth-factor=${isAllowed ? 2 : 1}`);
}

/** What the start has left behind. Until V8 has looked through all of the heap once, it reckons by what the machine has. */
function collect(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  setFlagsFromString('--no-expose-gc');
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0;
}
