import type { Address, Site } from '../../runtime/ports/index.ts';
import { accept, type Engine, type Json, part, readJson, text } from '../docker/engine.ts';
import { change } from './change.ts';

/** On a machine of the Swarm: which device of which fleet its node of ours is, and after which block it has acted last. */
const DEVICE_LABEL = 'io.classpad.device';
const ACTED_LABEL = 'io.classpad.acted';

interface Here {
  readonly role: Site['role'];
  readonly node: string;
}

/** Whether this engine is in a Swarm, and as what. */
export async function whereAmI(engine: Engine): Promise<Here> {
  const swarm = part(readJson(accept(await engine.send({ method: 'GET', path: '/info' }), [200], 'the Swarm').body)['Swarm']);
  const node = text(swarm['NodeID']);
  if (node === '' || text(swarm['LocalNodeState']) === 'inactive') return { role: 'none', node: '' };
  return { role: swarm['ControlAvailable'] === true ? 'manager' : 'worker', node };
}

/** Begins a Swarm with this machine as its first manager, unless it is in one. */
export async function beginSwarm(engine: Engine, address: string): Promise<void> {
  if ((await whereAmI(engine)).role !== 'none') return;
  const json = { ListenAddr: address.includes(':') ? address : `${address}:2377`, AdvertiseAddr: address.replace(/:\d+$/, '') };
  const answer = await engine.send({ method: 'POST', path: '/swarm/init', json });
  // 503: it is in one by now.
  accept(answer, [200, 503], `a Swarm at ${address}`);
}

/** @param fleet Whose machines count. */
export async function readSite(engine: Engine, fleet: string): Promise<Site> {
  const { role, node } = await whereAmI(engine);
  const none = { role, isLeader: false, devices: [], actedAt: 0 };
  if (role !== 'manager') return none;
  const answer = accept(await engine.send({ method: 'GET', path: '/nodes' }), [200], 'the machines of the Swarm');
  const nodes = (readJson(answer.body) as unknown as readonly unknown[]).map(part);
  const managers = nodes.filter((one) => isManager(one)).map(marksOf(fleet));
  return {
    role,
    isLeader: nodes.some((one) => text(one['ID']) === node && part(one['ManagerStatus'])['Leader'] === true),
    devices: managers.flatMap(({ device }) => device ?? []),
    actedAt: Math.max(0, ...managers.map(({ acted }) => acted)),
  };
}

/** Writes the label of this machine, unless it says that already. */
export async function markNode(engine: Engine, fleet: string, device: Address, block: number): Promise<void> {
  const { node } = await whereAmI(engine);
  const json = readJson(accept(await engine.send({ method: 'GET', path: `/nodes/${node}` }), [200], 'this machine').body);
  const spec = part(json['Spec']);
  const labels = part(spec['Labels']) as Record<string, string>;
  const said = marksOf(fleet)(json);
  if (said.device === device && said.acted >= block) return;
  const acted = Math.max(block, said.acted);
  const Labels = { ...labels, [DEVICE_LABEL]: `${fleet} ${device}`, [ACTED_LABEL]: `${fleet} ${acted}` };
  await change(engine, `/nodes/${node}/update`, part(json['Version']), { ...spec, Labels });
}

function isManager(node: Json): boolean {
  return part(node['Spec'])['Role'] === 'manager';
}

/** Labels of another fleet, or of another ledger, say nothing. */
function marksOf(fleet: string) {
  return (node: Json): { readonly device?: Address; readonly acted: number } => {
    const labels = part(part(node['Spec'])['Labels']);
    const [whose, device] = text(labels[DEVICE_LABEL]).split(' ');
    const [theirs, block] = text(labels[ACTED_LABEL]).split(' ');
    const isDevice = whose === fleet && /^0x[0-9a-f]{40}$/.test(device ?? '');
    return { acted: theirs === fleet ? Number(block) || 0 : 0, ...(isDevice && { device: device as Address }) };
  };
}
