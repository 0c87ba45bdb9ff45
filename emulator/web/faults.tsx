import { useState } from 'preact/hooks';
import type { DeviceView, FaultView } from '../protocol.ts';
import { useHands } from './hands.ts';
import { Menu } from './menu.tsx';

/** Everything that can be done to a device, as the emulator lists it: each fault beside what mends it. */
export function Faults({ device: { name } }: { device: DeviceView }) {
  const { setup, ask, say } = useHands();
  const [amounts, setAmounts] = useState<{ readonly [fault: string]: string }>({});
  const menders = new Set(setup.faults.map(({ mendedBy }) => mendedBy));
  const make = async (fault: string, amount?: string) => {
    const answer = await ask({ do: 'fault', fault, devices: [name], ...(amount ? { amount: Number(amount) } : {}) });
    if (answer.ok) say(answer.said, false);
  };
  return (
    <Menu title="Faults…" name="faults-menu">
      {[...new Set(setup.faults.map(({ on }) => on))].map((on) => (
        <section key={on}>
          <h3>{capital(on)}</h3>
          {setup.faults
            .filter((fault) => fault.on === on && !menders.has(fault.name))
            .map((fault) => (
              <p key={fault.name}>
                <button type="button" class="link" onClick={() => void make(fault.name, amounts[fault.name])}>
                  {fault.title}
                </button>
                <Amount
                  fault={fault}
                  value={amounts[fault.name] ?? ''}
                  set={(value) => setAmounts({ ...amounts, [fault.name]: value })}
                />
                <Mender fault={fault} make={make} />
              </p>
            ))}
        </section>
      ))}
    </Menu>
  );
}

function Amount({ fault: { title, amount }, value, set }: { fault: FaultView; value: string; set: (value: string) => void }) {
  if (!amount) return null;
  return (
    <label>
      <input
        type="number"
        aria-label={`${title}, ${amount.unit}`}
        min={amount.least}
        max={amount.most}
        placeholder={String(amount.fallback)}
        value={value}
        onInput={(event) => set(event.currentTarget.value)}
      />
      {amount.unit}
    </label>
  );
}

function Mender({ fault: { mendedBy }, make }: { fault: FaultView; make: (fault: string) => Promise<void> }) {
  const { setup } = useHands();
  const mender = setup.faults.find(({ name }) => name === mendedBy);
  if (!mender) return null;
  return (
    <button
      type="button"
      class="mend"
      aria-label={`Mend: ${mender.title}`}
      title={mender.title}
      onClick={() => void make(mender.name)}
    >
      Mend
    </button>
  );
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
