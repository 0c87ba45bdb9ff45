import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type ScreenModel, screenModel } from '../../../runtime/display/index.ts';
import type { DeviceState, ReleaseStatus } from '../../../runtime/node.ts';
import { device, NOW_MS, nodeStatus, release } from '../../support/screens.ts';

const models = suite('model');

const rows: [what: string, state: DeviceState, releases: ReleaseStatus[], screen: ScreenModel['screen'], app?: string][] = [
  ['no release', 'healthy', [], 'empty'],
  ['healthy', 'healthy', [release()], 'status', 'hello'],
  ['changing', 'changing', [release({ health: 'starting' })], 'changing', 'hello'],
  ['failed', 'failed', [release({ health: 'unhealthy' })], 'fault', 'hello'],
  ['offline', 'offline', [release()], 'alone', 'hello'],
  ['the one that fails is shown', 'failed', [release(), release({ app: 'bad', health: 'unhealthy' })], 'fault', 'bad'],
  ['the one on its way is shown', 'changing', [release(), release({ app: 'new', phase: 'rolling out' })], 'changing', 'new'],
];
for (const [what, state, releases, screen, app] of rows) {
  models(what, () => {
    const model = screenModel(nodeStatus(state, releases), device, NOW_MS);
    assert.is(model.screen, screen);
    assert.is('release' in model ? model.release.app : undefined, app);
    assert.is(model.peers, 3);
    assert.is(model.head, 1204);
    assert.is(model.batteryPercent, 82);
  });
}

models('on mains and with unknown memory the fields are absent', () => {
  const bare = { batteryPercent: () => undefined, memory: () => undefined };
  const model = screenModel(nodeStatus('healthy', []), bare, NOW_MS);
  assert.not.ok('batteryPercent' in model || 'memory' in model);
});

models.run();
