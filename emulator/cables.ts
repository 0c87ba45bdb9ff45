import type { Controls } from './controls.ts';
import type { Link } from './network.ts';
import type { CableState } from './protocol.ts';
import type { Site } from './sites.ts';
import type { World } from './world.ts';

/** The network as a person sees it: a cable from each device to the rail of its site, and trunks between the sites. */
export interface Cables {
  look(): CablesView;
  setCable(device: string, cut: boolean): Promise<string>;
  /** The trunk behind a site, by the site's index. */
  setTrunk(site: number, cut: boolean): Promise<string>;
}

export interface CablesView {
  readonly devices: readonly CableState[];
  readonly trunks: readonly CableState[];
  /** By device: those of one number reach each other. */
  readonly groups: readonly number[];
}

const USUAL_DELAY_MS = 12;

/** Cables are drawn from how the links between devices are, whoever made them so, and are cut and mended through the controls. */
export function cablesOf(world: World, controls: Pick<Controls, 'inject'>, sites: readonly Site[]): Cables {
  const names = world.boards.map(({ identity }) => identity.name);
  const siteOf = (device: number) => sites.findIndex(({ from, to }) => device >= from && device < to);
  const link = (a: number, b: number): Link => world.network.link(names[a]!, names[b]!);
  const others = (device: number) => names.map((_, index) => index).filter((index) => index !== device);

  const cableOf = (device: number): CableState => {
    const links = others(device).map((other) => link(device, other));
    if (links.length > 0 && links.every(({ cut }) => cut)) return 'cut';
    return links.length > 0 && links.every(isWorn) ? 'worn' : 'linked';
  };

  const trunkOf = (site: number, devices: readonly CableState[]): CableState => {
    const isUp = (device: number) => devices[device] !== 'cut';
    const left = range(sites[site]!.from, sites[site]!.to).filter(isUp);
    const right = range(sites[site + 1]!.from, sites[site + 1]!.to).filter(isUp);
    const links = left.flatMap((a) => right.map((b) => link(a, b)));
    if (links.length > 0 && links.every(({ cut }) => cut)) return 'cut';
    return links.length > 0 && links.every(isWorn) ? 'worn' : 'linked';
  };

  const look = (): CablesView => {
    const devices = names.map((_, index) => cableOf(index));
    const trunks = sites.slice(0, -1).map((_, site) => trunkOf(site, devices));
    const isUp = (device: number) => world.boards[device]!.running;
    const groups = groupsOf(names.length, (a, b) => isUp(a) && isUp(b) && !link(a, b).cut);
    return { devices, trunks, groups };
  };

  /** Whether nothing that is cut lies between two devices, but for the given cable or trunk. */
  const isFree = (a: number, b: number, view: CablesView, but: { cable?: number; trunk?: number }): boolean => {
    const [left, right] = [siteOf(a), siteOf(b)].sort((one, two) => one - two) as [number, number];
    const isWhole = (device: number) => device === but.cable || view.devices[device] !== 'cut';
    return isWhole(a) && isWhole(b) && range(left, right).every((trunk) => trunk === but.trunk || view.trunks[trunk] !== 'cut');
  };

  const mend = async (device: number, ends: readonly number[]): Promise<void> => {
    if (ends.length === 0) return;
    await controls.inject({ fault: 'heal-network', devices: [names[device]!], others: ends.map((end) => names[end]!) });
  };

  return {
    look,
    async setCable(name, cut) {
      const device = names.indexOf(name);
      if (device < 0) throw new CableRefused(`there is no device "${name}"`);
      const view = look();
      if (cut) await controls.inject({ fault: 'cut-network', devices: [name] });
      else
        await mend(
          device,
          others(device).filter((other) => isFree(device, other, view, { cable: device })),
        );
      return cut ? `cut the cable of ${name}` : `mended the cable of ${name}`;
    },
    async setTrunk(site, cut) {
      const [here, there] = [sites[site], sites[site + 1]];
      if (!here || !there) throw new CableRefused('there is no such trunk');
      const left = range(0, here.to);
      const right = range(there.from, names.length);
      const view = look();
      if (cut) {
        const nameAll = (devices: readonly number[]) => devices.map((device) => names[device]!);
        await controls.inject({ fault: 'cut-network', devices: nameAll(left), others: nameAll(right) });
      } else
        for (const a of left)
          await mend(
            a,
            right.filter((b) => isFree(a, b, view, { trunk: site })),
          );
      return `${cut ? 'cut' : 'mended'} the trunk between ${here.name} and ${there.name}`;
    },
  };
}

const isWorn = ({ lossRate, maxDelayMs, cut }: Link): boolean => !cut && (lossRate > 0 || maxDelayMs > USUAL_DELAY_MS);

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
}

/** Numbers devices by the group they reach, in the order of its first; transitively, as blocks travel. */
export function groupsOf(count: number, reaches: (a: number, b: number) => boolean): readonly number[] {
  const groups: number[] = Array(count).fill(-1);
  let next = 0;
  for (let start = 0; start < count; start++) {
    if (groups[start] !== -1) continue;
    const waiting = [start];
    groups[start] = next;
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      for (let other = 0; other < count; other++) {
        if (groups[other] !== -1 || !reaches(at, other)) continue;
        groups[other] = next;
        waiting.push(other);
      }
    }
    next++;
  }
  return groups;
}

/** There is no such cable, in a sentence. */
export class CableRefused extends Error {
  override readonly name = 'CableRefused';
}
