import { suite } from 'uvu';
import { HEALTH } from './containers/health.ts';
import { LIFE } from './containers/life.ts';
import { LIMITS } from './containers/limits.ts';
import { REFUSALS, refuses } from './containers/refusals.ts';
import { clear, type Stage } from './containers/stage.ts';
import { STRANGERS } from './containers/strangers.ts';

/** Every promise of the `Containers` port, as rows. Both implementations pass all of them. */
export function containersSuite(name: string, open: () => Promise<Stage>, close: () => Promise<void>): void {
  const containers = suite(name);
  let stage: Stage;
  containers.before(async () => {
    stage = await open();
  });
  containers.after(close);
  containers.after.each(() => clear(stage));
  for (const [promise, check] of [...LIFE, ...LIMITS, ...HEALTH, ...STRANGERS]) containers(promise, () => check(stage));
  for (const [what, change, sentence] of REFUSALS) {
    containers(`refuses ${what}`, () => refuses(stage, change, sentence));
  }
  containers.run();
}
