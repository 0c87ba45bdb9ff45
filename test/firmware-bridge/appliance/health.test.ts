import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { confirmWhenServing } from '../../../firmware-bridge/appliance/health.ts';
import type { RunningNode } from '../../../firmware-bridge/main.ts';

const health = suite('appliance/health');

health('a board that serves says so once, and tries again where the boot loader could not be told', async () => {
  const said: string[] = [];
  let asked = 0;
  let joined = 0;
  const node = { isMember: () => asked > 1, fault: () => undefined } as Partial<RunningNode> as RunningNode;
  await new Promise<void>((resolve) => {
    confirmWhenServing({
      node,
      log: { write: (_level, message) => void said.push(message) },
      onJoined: () => {
        joined++;
        resolve();
      },
      confirm: async () => {
        if (asked++ === 0) throw new Error('grubenv: no space left');
      },
    });
  });
  assert.equal([asked, joined], [2, 1]);
  assert.match(said.join(), /cannot be said that this device serves: grubenv: no space left/);
});

health.run();
