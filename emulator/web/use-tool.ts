import type { DeviceView } from '../protocol.ts';
import { useHands } from './hands.ts';
import { faultOf, TOOLS } from './tools.ts';

/** What a click on a device does with the tool in hand. */
export function useTool(): (device: DeviceView, index: number) => void {
  const { choose, ask, setup, now, viewNow } = useHands();
  return (device, index) => {
    choose(index);
    const tool = TOOLS.find(({ id }) => id === viewNow().tool);
    const fault = tool && faultOf(tool, setup.faults);
    if (!fault) return;
    const { name } = device;
    // The same tool on the same device mends what it broke.
    const mine = now().broken.find(
      ({ title, devices }) => devices.length === 1 && devices[0] === name && title.startsWith(fault.title),
    );
    if (mine) void ask({ do: 'mend', id: mine.id });
    else void ask({ do: 'fault', fault: fault.name, devices: [name] });
  };
}
