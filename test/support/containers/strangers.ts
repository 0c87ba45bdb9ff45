import * as assert from 'uvu/assert';
import { helloSpec, list, type Row, rejects } from './stage.ts';

/** What is somebody else's, or nowhere. */
export const STRANGERS: readonly Row[] = [
  [
    'never lists or touches what is not its own',
    async (stage) => {
      const id = await stage.plant('somebody-elses');
      const before = await stage.peek(id);
      assert.equal(await list(stage), []);
      const { containers } = stage;
      const touches = [
        () => containers.start(id),
        () => containers.stop(id, 0),
        () => containers.remove(id),
        () => containers.logs(id, 1),
      ];
      for (const touch of touches) {
        await rejects(stage, touch(), 'refused');
      }
      assert.is(await stage.peek(id), before);
    },
  ],
  [
    'a name that somebody else holds is a conflict',
    async (stage) => {
      const spec = helloSpec(stage, 'taken');
      const id = await stage.plant(spec.name);
      const before = await stage.peek(id);
      await rejects(stage, stage.containers.create(spec), 'conflict');
      assert.is(await stage.peek(id), before);
    },
  ],
  [
    'an unknown id: not found, or nothing to do',
    async (stage) => {
      for (const id of ['f'.repeat(64), '../images/json', '']) {
        await rejects(stage, stage.containers.start(id), 'not-found');
        await rejects(stage, stage.containers.logs(id, 1), 'not-found');
        await stage.run(stage.containers.stop(id, 0));
        await stage.run(stage.containers.remove(id));
      }
    },
  ],
];
