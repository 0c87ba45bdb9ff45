import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Service } from '../../../runtime/manifest/index.ts';
import { forSwarm, toServices } from '../../../runtime/swarm/spec.ts';
import { DEVICE, revisionOf } from '../../support/model-engine.ts';

const s = suite('swarm/spec');

s('a service is its containers, without what is one device’s own', () => {
  const web: Service = { image: 'a:1', ports: [80], replicas: 3, networks: ['front', 'back'] };
  const [db, found] = toServices(revisionOf('shop', 4, { web, db: { image: 'db:1' } }), DEVICE);
  assert.equal([found!.spec.name, found!.spec.replicas, found!.spec.alias], ['classpad-shop-r4-web', 3, 'web']);
  assert.equal(found!.spec.networks, ['classpad-shop-r4-front', 'classpad-shop-r4-back']);
  assert.equal(db!.spec.networks, ['classpad-shop-r4-default']);
  assert.not.match(JSON.stringify(found!.spec), DEVICE);
});

s('every device of a site makes the same services of a release', () => {
  const revision = revisionOf('a', 1);
  assert.equal(Object.keys(toServices(revision, DEVICE)[0]!.spec.container.labels).includes('io.classpad.device'), false);
});

const long = 'a-service-with-31-letters-in-it';
const REFUSED: readonly (readonly [services: Record<string, Service>, sentence: string])[] = [
  [
    { web: { image: 'a:1', secrets: ['key'] } },
    'not in a Swarm: web: a secret is sealed to one device, and a Swarm may move the task to another',
  ],
  [
    { web: { image: 'a:1', volumes: ['data:/data'] } },
    'not in a Swarm: web: a volume stays on one device, and a Swarm may move the task to another',
  ],
  [
    { [long]: { image: 'a:1' } },
    `not in a Swarm: ${long}: the name of its service would be longer than 63 characters; shorten it`,
  ],
];
for (const [services, sentence] of REFUSED) {
  s(sentence, () => {
    const revision = forSwarm(revisionOf('an-app-with-a-name-as-long-as-can', 1, services), DEVICE);
    assert.equal([revision.refusal, revision.containers], [sentence, []]);
  });
}

s('what can run there is left as it is', () => {
  const revision = revisionOf('a', 1);
  assert.is(forSwarm(revision, DEVICE), revision);
});

s.run();
