import type { Controls } from './controls.ts';
import type { Link } from './network.ts';
import type { CableState, DelaysView } from './protocol.ts';
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
  readonly delays: DelaysView;
}

/** Cables are drawn from how the links between devices are, whoever made them so, and are cut and mended through the controls. */
export function cablesOf(world: World, controls: Pick<Controls, 'inject'>): Cables {
  const sitesOf = () => world.sites;
  const siteOf = (device: number) => sitesOf().findIndex(({ from, to }) => device >= from && device < to);
  const look = cached(
    () => `${world.network.changes} ${world.boards.map(({ running, identity }) => `${identity.name}${running}`).join()}`,
    () => lookAt(world, sitesOf()),
  );
  const namesNow = (): string[] => world.boards.map(({ identity }) => identity.name);

  /** Whether nothing that is cut lies between two devices, but for the given cable or trunk. */
  const isFree = (a: number, b: number, view: CablesView, but: { cable?: number; trunk?: number }): boolean => {
    const [left, right] = [siteOf(a), siteOf(b)].sort((one, two) => one - two) as [number, number];
    const isWhole = (device: number) => device === but.cable || view.devices[device] !== 'cut';
    return isWhole(a) && isWhole(b) && range(left, right).every((trunk) => trunk === but.trunk || view.trunks[trunk] !== 'cut');
  };

  const mend = async (device: number, ends: readonly number[]): Promise<void> => {
    if (ends.length === 0) return;
    const names = namesNow();
    await controls.inject({ fault: 'heal-network', devices: [names[device]!], others: ends.map((end) => names[end]!) });
  };

  return {
    look,
    async setCable(name, cut) {
      const names = namesNow();
      const device = names.indexOf(name);
      if (device < 0) throw new CableRefused(`there is no device "${name}"`);
      const view = look();
      const others = range(0, names.length).filter((other) => other !== device);
      if (cut) await controls.inject({ fault: 'cut-network', devices: [name] });
      else
        await mend(
          device,
          others.filter((other) => isFree(device, other, view, { cable: device })),
        );
      return cut ? `cut the cable of ${name}` : `mended the cable of ${name}`;
    },
    async setTrunk(site, cut) {
      const [sites, names] = [sitesOf(), namesNow()];
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

/** Links change seldom and are many, so what was seen last stands until the state it is `of` is another. */
function cached<T>(of: () => string, look: () => T): () => T {
  let known: { readonly of: string; readonly value: T } | undefined;
  return () => {
    const now = of();
    if (known?.of !== now) known = { of: now, value: look() };
    return known.value;
  };
}

/** Every cable and trunk, as the links between the devices have it. */
function lookAt({ boards, network }: World, sites: readonly Site[]): CablesView {
  const names = boards.map(({ identity }) => identity.name);
  const all = range(0, names.length);
  const membersOf = (site: number) => range(sites[site]!.from, sites[site]!.to);
  const link = ([a, b]: Pair): Link => network.link(names[a]!, names[b]!);
  const isWorn = (pair: Pair): boolean => {
    const { lossRate, maxDelayMs, cut } = link(pair);
    return !cut && (lossRate > 0 || maxDelayMs > network.usual(names[pair[0]]!, names[pair[1]]!).maxDelayMs);
  };
  const stateOf = (pairs: readonly Pair[]): CableState => {
    if (pairs.length === 0) return 'linked';
    if (pairs.every((pair) => link(pair).cut)) return 'cut';
    return pairs.every(isWorn) ? 'worn' : 'linked';
  };
  const delayOf = (pairs: readonly Pair[]): number => {
    const times = pairs.map(link).map(({ minDelayMs, maxDelayMs }) => (minDelayMs + maxDelayMs) / 2);
    return times.length === 0 ? 0 : Math.round(times.reduce((sum, one) => sum + one, 0) / times.length);
  };
  const devices = all.map((device) => stateOf(pairsOf([device], all)));
  const isUp = (device: number) => devices[device] !== 'cut';
  const over = (site: number, isCounted: (device: number) => boolean) =>
    pairsOf(membersOf(site).filter(isCounted), membersOf(site + 1).filter(isCounted));
  const inner = sites.slice(0, -1);
  return {
    devices,
    trunks: inner.map((_, site) => stateOf(over(site, isUp))),
    groups: groupsOf(names.length, (a, b) => boards[a]!.running && boards[b]!.running && !link([a, b]).cut),
    delays: {
      sites: sites.map((_, site) => delayOf(pairsOf(membersOf(site), membersOf(site)))),
      trunks: inner.map((_, site) => delayOf(over(site, () => true))),
    },
  };
}

type Pair = readonly [number, number];

function pairsOf(left: readonly number[], right: readonly number[]): Pair[] {
  return left.flatMap((a) => right.filter((b) => a !== b).map((b): Pair => [a, b]));
}

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
