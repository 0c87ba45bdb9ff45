import { useEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks';
import type { Command, Setup, Snapshot } from '../protocol.ts';
import { AddBoard } from './add.tsx';
import { Bench, densityOf, EmptyBench } from './bench.tsx';
import { DevicePanel } from './device.tsx';
import { type DialogName, type Hands, HandsProvider, ViewProvider } from './hands.ts';
import { Help } from './help.tsx';
import { useKeys } from './keys.ts';
import { LedgerPanel } from './ledger.tsx';
import { fromHash, toHash, type View } from './link.ts';
import type { Live } from './live.ts';
import { usePart } from './part.ts';
import { Propose } from './propose.tsx';
import { ReleasePanel } from './release.tsx';
import { Notice, type Said, Toast } from './said.tsx';
import { TopBar } from './top.tsx';
import { Verdict } from './verdict.tsx';
import { Zoom } from './zoom.tsx';

/** The page: one snapshot in, everything below follows from it and from what the user chose. */
export function App({ live }: { live: Live }) {
  const [, repaint] = useReducer((count: number, _: undefined) => count + 1, 0);
  useEffect(() => live.subscribe(() => repaint(undefined)), [live]);
  const { setup, snapshot } = live;
  if (!setup || !snapshot) return <Booting />;
  return <World live={live} setup={setup} snapshot={snapshot} />;
}

function World({ live, setup, snapshot }: { live: Live; setup: Setup; snapshot: Snapshot }) {
  const [view, look] = useAddress();
  const [dialog, open] = useState<DialogName>();
  const [said, say] = useState<Said | undefined>();
  const { devices } = snapshot;
  const chosen = Math.max(
    0,
    devices.findIndex(({ name }) => name === view.device),
  );
  const device = devices[chosen];
  const latest = useRef({ snapshot, view });
  latest.current = { snapshot, view };
  const hands: Hands = useMemo(
    () => ({
      setup,
      lcds: live.lcds,
      look,
      choose: (device) =>
        look({ device: typeof device === 'string' ? device : (latest.current.snapshot.devices[device]?.name ?? '') }),
      open,
      say: (sentence, isWrong = true) => say({ sentence, isWrong }),
      now: () => latest.current.snapshot,
      viewNow: () => latest.current.view,
      async ask(command: Command) {
        const answer = await live.ask(command);
        if (!answer.ok) say({ sentence: answer.said, isWrong: true });
        return answer;
      },
    }),
    [setup, live],
  );
  useKeys({ hands, count: devices.length, chosen, isBusy: dialog !== undefined });
  useSubscriptions(live, setup, snapshot, chosen);
  return (
    <HandsProvider value={hands}>
      <ViewProvider value={view}>
        <TopBar snapshot={snapshot} silentSeconds={live.silentSeconds()} />
        <main class={live.silentSeconds() === undefined ? '' : 'lost'}>
          <Notice snapshot={snapshot} />
          <Verdict snapshot={usePart(snapshot, 'verdict', 'devices', 'head', 'clock')} />
          <Bench snapshot={usePart(snapshot, 'devices', 'release', 'trunks', 'delays', 'broken')} chosen={chosen} />
          <div class="instruments">
            <ReleasePanel snapshot={usePart(snapshot, 'release', 'revisions', 'ledger', 'devices')} />
            <LedgerPanel snapshot={usePart(snapshot, 'head', 'release', 'ledger', 'devices', 'samples')} chosen={device?.name} />
            {device && <DevicePanel device={device} index={chosen} head={snapshot.head.number} detail={live.detail} />}
          </div>
        </main>
        <Toast said={said} close={() => say(undefined)} />
        {dialog === 'zoom' && device && <Zoom device={device} index={chosen} close={() => open(undefined)} />}
        {dialog === 'help' && <Help close={() => open(undefined)} />}
        {dialog === 'add' && <AddBoard close={() => open(undefined)} />}
        {dialog === 'propose' && <Propose close={() => open(undefined)} />}
      </ViewProvider>
    </HandsProvider>
  );
}

/** What is looked at; it stands in the address, so that a reload, or a link, shows the same. */
function useAddress(): [View, (change: Partial<View>) => void] {
  const [view, setView] = useState(() => fromHash(location.hash));
  const latest = useRef(view);
  const look = useMemo(
    () => (change: Partial<View>) => {
      latest.current = { ...latest.current, ...change };
      setView(latest.current);
      const { seed: _seed, at: _at, ...kept } = latest.current;
      history.replaceState(null, '', toHash(kept) || location.pathname);
    },
    [],
  );
  return [view, look];
}

/** Only LCDs that are seen are sent, and only the chosen device is told of in detail. */
function useSubscriptions(live: Live, setup: Setup, { devices }: Snapshot, chosen: number): void {
  const isAll = densityOf(devices.length) === 'few' || densityOf(devices.length) === 'many';
  const wanted = isAll ? devices.map((_, index) => index) : [chosen];
  const name = devices[chosen]?.name ?? '';
  useEffect(() => {
    live.show(wanted);
    live.watch(name);
  }, [wanted.join(), name, setup]);
}

function Booting() {
  return (
    <main>
      <section class="verdict">
        <div>
          <h1>Waiting for the emulator</h1>
          <p>The boards appear as soon as it speaks.</p>
        </div>
      </section>
      <EmptyBench note="No board has reported yet." />
    </main>
  );
}
