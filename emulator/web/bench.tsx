import type { ComponentChildren } from 'preact';
import { memo } from 'preact/compat';
import { useEffect, useState } from 'preact/hooks';
import type { CableState, DeviceView, Looks, Setup, Snapshot } from '../protocol.ts';
import { AddHere } from './add.tsx';
import { Board, Outline, Shell } from './board.tsx';
import { Cable, Stub, Trunk } from './cable.tsx';
import { useHands } from './hands.ts';
import { Knife } from './knife.tsx';
import { StateTag } from './marks.tsx';
import { Tools } from './toolbar.tsx';
import { hostOf, reach } from './words.ts';

type Density = 'few' | 'many' | 'crowd' | 'cells';

/** More than eight boards are drawn smaller, more than 24 as outlines, more than 100 as cells. */
export function densityOf(count: number): Density {
  return count <= 8 ? 'few' : count <= 24 ? 'many' : count <= 100 ? 'crowd' : 'cells';
}

interface Props {
  readonly snapshot: Pick<Snapshot, 'devices' | 'release' | 'trunks' | 'delays' | 'broken'>;
  readonly chosen: number;
}

/** The boards on their bench, each with its cable to the rail of its site. */
export const Bench = memo(function Bench({ snapshot, chosen }: Props) {
  const { setup, ask } = useHands();
  const isNarrow = useNarrow();
  const density = densityOf(snapshot.devices.length);
  if (snapshot.devices.length === 0)
    return (
      <EmptyBench looks={setup.looks} note="No devices yet.">
        <button
          type="button"
          class="button primary"
          onClick={() => void ask({ do: 'restart', seed: setup.seed, devices: FIRST_DEVICES })}
        >
          Add {FIRST_DEVICES} in 2 sites
        </button>
      </EmptyBench>
    );
  return (
    <section class="bench" data-density={density} aria-label="Bench" style={{ '--wide': widest(setup, snapshot.devices) }}>
      <Tools snapshot={snapshot} />
      <Knife>
        {density === 'few' && !isNarrow ? (
          <Row snapshot={snapshot} chosen={chosen} />
        ) : (
          <Sites snapshot={snapshot} chosen={chosen} density={density} />
        )}
      </Knife>
    </section>
  );
});

/** Of the boards that are there. */
function widest({ boards, looks }: Setup, devices: readonly DeviceView[]): number {
  const names = new Set(devices.map((device) => device.looks ?? looks.name));
  return Math.max(...boards.filter(({ name }) => names.has(name)).map(({ width }) => width), LEAST_WIDE);
}

const LEAST_WIDE = 100;

/** A bench that is begun from the page. */
const FIRST_DEVICES = 7;

/** Whether the page is as narrow as a phone: then every site has a row of its own. */
function useNarrow(): boolean {
  const [isNarrow, set] = useState(() => matchMedia(NARROW).matches);
  useEffect(() => {
    const query = matchMedia(NARROW);
    const changed = () => set(query.matches);
    query.addEventListener('change', changed);
    return () => query.removeEventListener('change', changed);
  }, []);
  return isNarrow;
}

const NARROW = '(max-width: 699px)';

const columnOf = (device: number, site: number): number => device + 1 + site;

/** All sites in one row, on one grid: boards, rails with the trunks between them, and the brackets of who reaches whom. */
function Row({ snapshot, chosen }: Props) {
  const { setup } = useHands();
  const { sites } = setup;
  const columns = sites.map(({ from, to }) => `repeat(${to - from}, auto)`).join(' var(--trunk) ');
  return (
    <div
      class="row"
      style={{
        gridTemplateColumns: columns,
        '--cols': snapshot.devices.length,
        '--trunks': sites.length - 1,
      }}
    >
      {sites.map((site, at) =>
        snapshot.devices
          .slice(site.from, site.to)
          .map((device, index) => (
            <Place
              key={device.name}
              device={device}
              index={site.from + index}
              site={site.name}
              isChosen={site.from + index === chosen}
              column={columnOf(site.from + index, at)}
            />
          )),
      )}
      {sites.map((site, at) => (
        <div key={site.name} class="rail" style={{ gridColumn: `${columnOf(site.from, at)} / ${columnOf(site.to - 1, at) + 1}` }}>
          <b>{site.name}</b> {counted(site.to - site.from)}
          {delayed(snapshot.delays.sites[at])}
          <AddHere site={site.name} />
        </div>
      ))}
      {sites.slice(0, -1).map((site, at) => (
        <div key={site.name} class="trunk-place" style={{ gridColumn: columnOf(site.to - 1, at) + 1 }}>
          <Trunk
            site={at}
            names={[site.name, sites[at + 1]!.name]}
            state={snapshot.trunks[at] ?? 'linked'}
            delayMs={snapshot.delays.trunks[at]}
          />
        </div>
      ))}
      <Brackets snapshot={snapshot} setup={setup} />
    </div>
  );
}

interface PlaceProps {
  readonly device: DeviceView;
  readonly index: number;
  readonly site: string;
  readonly isChosen: boolean;
  readonly column?: number;
}

function Place({ device, index, site, isChosen, column }: PlaceProps) {
  return (
    <div class={`place ${device.state}`} {...(column && { style: { gridColumn: column } })}>
      <Tag device={device} />
      <Board device={device} index={index} site={site} isChosen={isChosen} />
      <Cable device={device} site={site} />
    </div>
  );
}

/** With more boards each site has a row of its own, and the chosen one is drawn beside them where they are outlines. */
function Sites({ snapshot, chosen, density }: Props & { density: Density }) {
  const { setup } = useHands();
  const isSmall = density === 'crowd' || density === 'cells';
  const device = snapshot.devices[chosen];
  const most = Math.max(...setup.sites.map(({ from, to }) => to - from));
  return (
    <div class={`sites${isSmall ? ' beside' : ''}${snapshot.devices.length <= ROOMY ? ' roomy' : ''}`}>
      <div class="all-sites" style={{ '--cols': most }}>
        {setup.sites.map((site, at) => (
          <SiteRow
            key={site.name}
            site={site}
            at={at}
            next={setup.sites[at + 1]?.name}
            devices={snapshot.devices.slice(site.from, site.to)}
            chosen={chosen >= site.from && chosen < site.to ? chosen : undefined}
            trunk={snapshot.trunks[at] ?? 'linked'}
            delays={[snapshot.delays.sites[at], snapshot.delays.trunks[at]]}
            isSmall={isSmall}
          />
        ))}
      </div>
      {isSmall && device && (
        <aside class={`place chosen-board ${device.state}`}>
          <Tag device={device} />
          <Board device={device} index={chosen} site="" isChosen={false} />
        </aside>
      )}
      <Together snapshot={snapshot} />
    </div>
  );
}

interface SiteProps {
  readonly site: Setup['sites'][number];
  readonly at: number;
  /** Name of the site that the trunk leads to. */
  readonly next: string | undefined;
  readonly devices: readonly DeviceView[];
  readonly chosen: number | undefined;
  readonly trunk: CableState;
  /** Inside, and over the trunk. */
  readonly delays: readonly [number | undefined, number | undefined];
  readonly isSmall: boolean;
}

/** Drawn again only when something of this site changed. */
const SiteRow = memo(function SiteRow({ site, at, next, devices, chosen, trunk, delays, isSmall }: SiteProps) {
  return (
    <section class="site" aria-label={`Site ${site.name}`}>
      <div class="pads">
        {devices.map((device, offset) => {
          const index = site.from + offset;
          const common = { device, index, site: site.name, isChosen: index === chosen };
          return isSmall ? (
            <div class={`place ${device.state}`} key={device.name}>
              <Outline {...common} />
              <Stub device={device} site={site.name} />
            </div>
          ) : (
            <Place key={device.name} {...common} />
          );
        })}
      </div>
      <div class="rail">
        <b>{site.name}</b> {counted(site.to - site.from)}
        {delayed(delays[0])}
        <AddHere site={site.name} />
        {next !== undefined && <Trunk site={at} names={[site.name, next]} state={trunk} delayMs={delays[1]} isSmall />}
      </div>
    </section>
  );
}, isSameSite);

function isSameSite(before: SiteProps, after: SiteProps): boolean {
  return (
    before.site === after.site &&
    before.chosen === after.chosen &&
    before.trunk === after.trunk &&
    before.isSmall === after.isSmall &&
    before.delays.join() === after.delays.join() &&
    before.devices.every((device, index) => device === after.devices[index])
  );
}

/** So few outlines may be larger. */
const ROOMY = 60;

/** How long a message takes there, where that is known. */
const delayed = (ms: number | undefined): string => (ms ? `, ${ms} ms` : '');

const counted = (devices: number): string => `${devices} ${devices === 1 ? 'device' : 'devices'}`;

/** What the bench looks like before there is a device. */
export function EmptyBench({ note, looks, children }: { note: string; looks?: Looks; children?: ComponentChildren }) {
  return (
    <section class="bench empty" data-density="few" aria-label="Bench">
      <div class="row" aria-hidden="true" style={{ gridTemplateColumns: 'auto auto', '--cols': 2, '--wide': 192 }}>
        {[0, 1].map((index) => (
          <div class="place" key={index}>
            <div class="board outline">{looks ? <Shell looks={looks} /> : <span class="blank" />}</div>
          </div>
        ))}
      </div>
      <p class="note">{note}</p>
      {children}
    </section>
  );
}

function Tag({ device }: { device: DeviceView }) {
  return (
    <div class="tag">
      <p>
        <b>{device.name}</b>
        <StateTag state={device.state} text={device.stateText} />
      </p>
      <p>
        {(device.release !== '' || !device.isStranger) && (
          <span class="runs" title={device.release}>
            {device.release || 'no release'}
          </span>
        )}
        {device.isStranger && (
          <span class="badge stranger" title="The ledger does not count it among the fleet's">
            no member
          </span>
        )}
        {device.sequencer && (
          <span class="badge" title="It makes the blocks">
            sequencer
          </span>
        )}
        {device.proxyUrl && !device.isStranger && (
          <a
            href={device.proxyUrl}
            target="_blank"
            rel="noreferrer"
            aria-label={`${hostOf(device.proxyUrl)}, served by ${device.name}`}
          >
            {hostOf(device.proxyUrl).replace(/^127\.0\.0\.1/, '')}
          </a>
        )}
      </p>
    </div>
  );
}

interface Run {
  readonly from: number;
  readonly to: number;
  readonly group: number;
}

/** Devices side by side that reach each other. */
function runsOf(devices: readonly DeviceView[]): readonly Run[] {
  const runs: Run[] = [];
  devices.forEach(({ group }, index) => {
    const last = runs.at(-1);
    if (last && last.group === group) runs[runs.length - 1] = { ...last, to: index + 1 };
    else runs.push({ from: index, to: index + 1, group });
  });
  return runs;
}

/** A bracket under each group says whether it can decide. */
function Brackets({ snapshot, setup }: Pick<Props, 'snapshot'> & { setup: Setup }) {
  const { ask } = useHands();
  const { devices } = snapshot;
  const siteOf = (index: number) => setup.sites.findIndex(({ from, to }) => index >= from && index < to);
  const quorum = snapshot.release?.quorum ?? Math.floor(devices.length / 2) + 1;
  const largest = reach(snapshot).group;
  return (
    <>
      {runsOf(devices).map(({ from, to, group }) => {
        const size = devices.filter((device) => device.group === group).length;
        const can = group === largest && size >= quorum;
        const cut = devices.slice(from, to).filter(({ cable }) => cable === 'cut');
        const columns = `${columnOf(from, siteOf(from))} / ${columnOf(to - 1, siteOf(to - 1)) + 1}`;
        return (
          <p key={from} class={can ? 'bracket' : 'bracket dashed'} style={{ gridColumn: columns }}>
            <span>
              {size === 1 ? (
                <b>{devices[from]!.powered ? 'alone' : 'off'}</b>
              ) : (
                <b>{size === devices.length ? `all ${size}` : `${size} of ${devices.length}`} together</b>
              )}
              {size > 1 && (can ? ', can decide' : `, cannot decide: ${quorum} needed`)}
            </span>
            {cut.length > 0 && (
              <button
                type="button"
                class="link"
                onClick={() => cut.forEach(({ name }) => void ask({ do: 'cable', device: name, cut: false }))}
              >
                Mend
              </button>
            )}
          </p>
        );
      })}
    </>
  );
}

/** The same in a sentence. */
function Together({ snapshot }: Pick<Props, 'snapshot'>) {
  const { sentence, isLost } = reach(snapshot);
  const away = snapshot.devices.filter(({ group }) => group !== reach(snapshot).group).map(({ name }) => name);
  return (
    <p class={isLost ? 'together dashed' : 'together'}>
      <span>
        {sentence}
        {away.length > 0 && <em>. Not among them: {listed(away)}</em>}
      </span>
    </p>
  );
}

/** The first three names, and how many more. */
function listed(names: readonly string[]): string {
  const more = names.length - 3;
  return `${names.slice(0, 3).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
