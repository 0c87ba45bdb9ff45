import type { DeviceView } from '../protocol.ts';
import { Dialog } from './dialog.tsx';
import type { Lcds } from './lcd.ts';
import { LcdCanvas } from './lcd-canvas.tsx';

/** One device's LCD at its true size, 320 × 528. */
export function Zoom({ device, index, lcds, close }: { device: DeviceView; index: number; lcds: Lcds; close: () => void }) {
  return (
    <Dialog title={device.name} close={close}>
      <div class="glass true-size">
        <LcdCanvas index={index} lcds={lcds} text={device.screen.join(', ')} />
      </div>
    </Dialog>
  );
}
