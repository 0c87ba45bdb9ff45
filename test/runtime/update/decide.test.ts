import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { SoftwareManifest } from '../../../runtime/manifest/firmware.ts';
import type { Running } from '../../../runtime/ports/index.ts';
import { decide } from '../../../runtime/update/decide.ts';

const [ONE, TWO] = ['11'.repeat(32), '22'.repeat(32)];
const payload = { sha256: TWO, bytes: 100 };
const manifest: SoftwareManifest = { kind: 'firmware', version: '0.2.0', payloads: { any: payload }, signer: ONE };
const running: Running = { version: '0.1.0', sha256: ONE, revision: 1, isGood: true };
const row = { app: 'firmware', revision: 2, phase: 'rolling out', manifest } as const;

type Change = Partial<Parameters<typeof decide>[0]>;
const rows: [name: string, change: Change, is: string, reason?: RegExp][] = [
  ['a newer version is applied', {}, 'apply'],
  ['what runs and has served is healthy', { running: { ...running, version: '0.2.0', sha256: TWO } }, 'healthy'],
  ['what runs and has not served waits', { running: { ...running, version: '0.2.0', sha256: TWO, isGood: false } }, 'waiting'],
  ['what failed is not tried again', { failure: 'it did not serve' }, 'unhealthy', /did not serve/],
  ['what failed and runs all the same is healthy', { failure: 'once', running: { ...running, sha256: TWO } }, 'healthy'],
  ['an older one is refused', { running: { ...running, version: '0.3.0' } }, 'unhealthy', /older than 0\.3\.0.*rollback/],
  ['an older one that was agreed on is applied', { running: { ...running, version: '0.3.0' }, isReturn: () => true }, 'apply'],
  ['the same version with another content is applied', { running: { ...running, version: '0.2.0' } }, 'apply'],
  ['what came with the image counts by its version', { running: { ...running, version: '0.2.0', sha256: undefined } }, 'healthy'],
  ['an image with another version is updated', { running: { ...running, sha256: undefined } }, 'apply'],
  ['nothing for this board', { payload: undefined }, 'unhealthy', /nothing for this board/],
  [
    'a manifest that is refused',
    { row: { app: 'os', revision: 2, phase: 'active', refusal: 'not canonical' } },
    'unhealthy',
    /not canonical/,
  ],
];

for (const [name, change, is, reason] of rows) {
  test(name, () => {
    const decision = decide({ row, payload, running, failure: undefined, isReturn: () => false, ...change });
    assert.is(decision.is, is);
    if (reason) assert.match((decision as { reason: string }).reason, reason);
  });
}

test.run();
