import type { DeviceView } from '../protocol.ts';
import { useTouch } from './board.tsx';
import { Dialog } from './dialog.tsx';
import { useHands, useLooks } from './hands.ts';
import { LcdCanvas } from './lcd-canvas.tsx';

/** One device's LCD at its true size, 320 × 528, for finger and keys. */
export function Zoom({ device, index, close }: { device: DeviceView; index: number; close: () => void }) {
  const { lcds, ask } = useHands();
  const looks = useLooks(device);
  const touch = useTouch(device);
  return (
    <Dialog title={device.name} close={close}>
      <div class="glass true-size">
        <div class="lcd-place live" {...touch}>
          <LcdCanvas index={index} lcds={lcds} text={device.screen.join(', ')} />
        </div>
      </div>
      <div class="true-keys">
        {looks.keys.map(({ name, label }) => (
          <button
            key={name}
            type="button"
            class="button"
            aria-label={`${name} key`}
            title={`${name} key`}
            onClick={() => void ask({ do: 'key', device: device.name, key: name })}
          >
            {label}
          </button>
        ))}
      </div>
    </Dialog>
  );
}
