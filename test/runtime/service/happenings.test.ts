import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type FoundContainer, Label } from '../../../runtime/ports/index.ts';
import { createWatcher } from '../../../runtime/service/happenings.ts';

const happenings = suite('service/happenings');

const container = (restartCount: number, change: Partial<FoundContainer> = {}): FoundContainer => ({
  ...{ id: 'aa', name: 'web', image: 'a:1', state: 'running', health: 'none', startedAtMs: 1, restartCount },
  labels: { [Label.device]: 'pad-1', [Label.app]: 'a', [Label.revision]: '1', [Label.service]: 'web' },
  ...change,
});
/** As the engine lists one that it cannot inspect. */
const { startedAtMs: _, ...listed } = container(0);

/** Looks one after the other, and how often the container has restarted before each, as it is told. */
const ROWS: readonly [what: string, looks: readonly (FoundContainer | undefined)[], told: readonly number[]][] = [
  ['nothing is known of before the first look', [container(3)], [0]],
  ['each restart is told once', [container(0), container(2), container(2), container(3)], [0, 2, 0, 1]],
  ['one that was not there has restarted since', [undefined, container(2)], [0, 2]],
  ['one that was started by hand counts from zero', [container(3), container(0), container(1)], [0, 0, 1]],
  ['one that cannot be inspected has not restarted', [container(3), listed, container(3), container(4)], [0, 0, 0, 1]],
];
for (const [what, looks, told] of ROWS) {
  happenings(what, () => {
    const watcher = createWatcher();
    const times = looks.map((look) => {
      const found = { containers: look ? [look] : [], images: new Set<string>(), setbacks: new Map() };
      return watcher.looked(found, undefined, []).reduce((sum, { fields }) => sum + Number(fields['times']), 0);
    });
    assert.equal(times, told);
  });
}

happenings.run();
