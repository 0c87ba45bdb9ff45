import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Containers, EngineError, type EngineErrorCode } from '../../../runtime/ports/index.ts';
import { createLooker } from '../../../runtime/reconcile/looker.ts';
import type { Wanted, WantedContainer } from '../../../runtime/reconcile/wanted.ts';
import { helloSpec } from '../../support/containers/stage.ts';
import { testClock } from '../../support/virtual-clock.ts';

const looker = suite('reconcile/looker');

const wantedContainer = (image: string): WantedContainer => ({
  spec: helloSpec({ device: 'pad-1' }, image.replace(/\W/g, ''), { image }),
  service: 'web',
  restart: 'always',
  needs: {},
});
const wanted: Wanted = {
  apps: ['bad:1', 'good:1'].map((image) => ({
    app: image.slice(0, -2),
    phase: 'active',
    current: { app: image.slice(0, -2), revision: 1, containers: [wantedContainer(image)] },
  })),
  latest: new Map([
    ['bad', 1],
    ['good', 1],
  ]),
};

/** What the engine says of one image, and what is known of all of them then. */
const ROWS: readonly [code: EngineErrorCode, known: string[] | undefined][] = [
  ['failed', ['good:1']],
  ['timeout', ['good:1']],
  ['conflict', ['good:1']],
  ['unreachable', undefined],
];
for (const [code, known] of ROWS) {
  looker(`an image of which the engine says "${code}" keeps ${known ? 'nobody' : 'everybody'} from work`, async () => {
    const containers: Partial<Containers> = {
      list: async () => [],
      hasImage: async (image) => {
        if (image === 'bad:1') throw new EngineError(code, 'no');
        return true;
      },
      space: async () => undefined,
    };
    const store = { get: () => undefined, keys: () => [], write: () => {} };
    const look = createLooker({
      containers: containers as Containers,
      store,
      clock: testClock(),
      log: { write: () => {} },
      standing: () => undefined,
    }).look(wanted);
    if (known) return assert.equal([...(await look).images], known);
    const error = await look.catch((reason: EngineError) => reason.code);
    assert.is(error, code);
  });
}

looker.run();
