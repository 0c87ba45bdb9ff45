import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Of the space for what is young, both of its halves. Beyond, a node is hardly faster; left alone it takes 32 MiB. */
const YOUNG_BYTES = 4 * 1024 * 1024;
/** What is old is looked through when there is so much more of it than was left the last time. */
const OLD_GROWTH_PERCENT = 30;
const LOOK_EVERY_MS = 100;

/**
 * Keeps the heap of this process small: V8 would take what the machine has before it looks for garbage.
 * @param isTight On small boards: what is young gets no more room than at the start.
 */
export function keepHeapSmall(isTight = false): void {
  setFlagsFromString(`--heap-growing-percent=${OLD_GROWTH_PERCENT}`);
  if (isTight) {
    stopGrowing();
    return;
  }
  // The flag for a largest size is read before there is any code of ours to set it.
  const timer = setInterval(() => {
    if (youngBytes() < YOUNG_BYTES) return;
    clearInterval(timer);
    stopGrowing();
  }, LOOK_EVERY_MS).unref();
}

function stopGrowing(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0;
}
