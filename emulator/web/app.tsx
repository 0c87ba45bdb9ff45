import { useEffect, useReducer, useState } from 'preact/hooks';
import { Bench, EmptyBench } from './bench.tsx';
import { DevicePanel } from './device.tsx';
import { Help } from './help.tsx';
import { useKeys } from './keys.ts';
import { LedgerPanel } from './ledger.tsx';
import type { Live } from './live.ts';
import { ReleasePanel } from './release.tsx';
import { TopBar } from './top.tsx';
import { Verdict } from './verdict.tsx';
import { Zoom } from './zoom.tsx';

/** The page: one snapshot in, everything below follows from it and from what the user chose. */
export function App({ live }: { live: Live }) {
  const [, repaint] = useReducer((count: number, _: undefined) => count + 1, 0);
  const [chosenName, setChosen] = useState(() => decodeURIComponent(location.hash.slice(1)));
  const [dialog, setDialog] = useState<'zoom' | 'help' | undefined>();
  useEffect(() => live.subscribe(() => repaint(undefined)), [live]);

  const { snapshot } = live;
  const devices = snapshot?.devices ?? [];
  const chosen = Math.max(
    0,
    devices.findIndex((device) => device.name === chosenName),
  );
  const choose = (index: number) => {
    const device = devices[index];
    if (!device) return;
    setChosen(device.name);
    history.replaceState(null, '', `#${encodeURIComponent(device.name)}`);
  };
  const open = (index: number) => {
    choose(index);
    setDialog('zoom');
  };
  useKeys({ count: devices.length, chosen, choose, open, help: () => setDialog('help'), isBusy: dialog !== undefined });

  if (!snapshot) return <Booting />;
  const device = devices[chosen];
  return (
    <>
      <TopBar snapshot={snapshot} silentSeconds={live.silentSeconds()} help={() => setDialog('help')} />
      <main>
        <Verdict snapshot={snapshot} />
        <Bench snapshot={snapshot} lcds={live.lcds} chosen={chosen} choose={choose} open={open} />
        <div class="instruments">
          <ReleasePanel snapshot={snapshot} />
          <LedgerPanel snapshot={snapshot} chosen={device?.name} />
          {device && <DevicePanel device={device} head={snapshot.head.number} open={() => setDialog('zoom')} />}
        </div>
      </main>
      {dialog === 'zoom' && device && <Zoom device={device} index={chosen} lcds={live.lcds} close={() => setDialog(undefined)} />}
      {dialog === 'help' && <Help close={() => setDialog(undefined)} />}
    </>
  );
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
