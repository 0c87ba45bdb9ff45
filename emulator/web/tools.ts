import type { FaultView } from '../protocol.ts';

/** Something to do to what one clicks on. */
export interface Tool {
  readonly id: string;
  readonly title: string;
  readonly key: string;
  /** Path of its icon on 16 units, drawn as a line. */
  readonly icon: string;
  /** The fault it makes: the first of these that the emulator knows. None: it selects, or cuts. */
  readonly faults: readonly string[];
}

export const TOOLS: readonly Tool[] = [
  { id: 'select', title: 'Select', key: 'V', icon: 'M4 2l8.5 8H8l-3.6 4z', faults: [] },
  { id: 'cut', title: 'Cut', key: 'C', icon: 'M2 8h4M10 8h4M10.5 2.5l-5 11', faults: [] },
  { id: 'delay', title: 'Delay', key: 'L', icon: 'M8 2.5a5.5 5.5 0 1 0 .01 0M8 5v3.2l2 1.3', faults: ['delay'] },
  { id: 'drop', title: 'Drop', key: 'D', icon: 'M2 4h3.5M10.5 4H14M8 4v8.5M5.5 10 8 12.5 10.5 10', faults: ['loss'] },
  { id: 'power', title: 'Power', key: 'P', icon: 'M8 2v5M4.6 4.2a5 5 0 1 0 6.8 0', faults: ['cut-power'] },
  {
    id: 'probe',
    title: 'Probe',
    key: 'F',
    icon: 'M2 8h3l1.5-4 3 8L11 8h3',
    faults: ['flaky-health', 'crash-container'],
  },
  {
    id: 'skew',
    title: 'Skew',
    key: 'K',
    icon: 'M3 3h10M3 13h10M5 3c0 4 6 6 6 10M11 3c0 4-6 6-6 10',
    faults: ['skew-clock', 'drift-clock'],
  },
  {
    id: 'image',
    title: 'Image',
    key: 'I',
    icon: 'M2.5 3.5h11v9h-11zM2.5 6.5h11M6.5 8.5l3 3M9.5 8.5l-3 3',
    faults: ['corrupt-image', 'fail-pulls'],
  },
  {
    id: 'battery',
    title: 'Battery',
    key: 'Y',
    icon: 'M2 5h10.5v6H2zM14 7v2M4.5 7v2',
    faults: ['drain-battery'],
  },
];

/** The fault that a tool makes here; `undefined` where the emulator has none of its kind. */
export function faultOf({ faults }: Tool, known: readonly FaultView[]): FaultView | undefined {
  const name = faults.find((one) => known.some((fault) => fault.name === one));
  return known.find((fault) => fault.name === name);
}

/** The tools that work on this emulator. */
export function toolsOn(known: readonly FaultView[]): readonly Tool[] {
  return TOOLS.filter((tool) => tool.faults.length === 0 || faultOf(tool, known) !== undefined);
}
