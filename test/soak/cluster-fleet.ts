import { join } from 'node:path';
import { readCompose } from '../../cli/compose.ts';
import { type ClusterMember, type TestCluster, until } from '../support/cluster.ts';
import { root } from '../support/need.ts';
import { PHASE } from '../support/operator.ts';
import { looselyPinned } from '../support/pins.ts';

const GREETING = 'hello from revision 1';

/** The contract, the devices and one agreed release. */
export async function beginFleet({ operator, members }: TestCluster): Promise<void> {
  await operator.begin();
  const others = members.slice(1);
  await operator.send('enrol', [others.map(({ device }) => device), others.map(({ name }) => name)]);
  await operator.propose('hello', looselyPinned(readCompose(join(root, 'examples/hello/compose.yaml')).manifest));
  const phase = await operator.decided('hello', 1);
  if (phase !== PHASE.active) throw new Error('the first release was not agreed on');
  await until('every device to serve the agreed release', () => allServe(members));
}

/** Whether every device serves the agreed release. */
export async function allServe(members: readonly ClusterMember[]): Promise<boolean> {
  const answers = members.map(async ({ proxyUrl }) => {
    const response = await fetch(`${proxyUrl}/`, { signal: AbortSignal.timeout(3000) });
    return (await response.text()).trim() === GREETING;
  });
  return (await Promise.all(answers)).every(Boolean);
}
