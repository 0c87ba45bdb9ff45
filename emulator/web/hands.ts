import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Answer, Command, DeviceView, Looks, Setup, Snapshot } from '../protocol.ts';
import type { Lcds } from './lcd.ts';
import { FIRST_VIEW, type View } from './link.ts';

/** What every part of the page may do. It stays the same object for as long as the world does. */
export interface Hands {
  readonly setup: Setup;
  readonly lcds: Lcds;
  /** Changes what is looked at; the address follows. */
  readonly look: (change: Partial<View>) => void;
  /** A device, by its place or its name. */
  readonly choose: (device: number | string) => void;
  readonly open: (dialog: DialogName) => void;
  /** Asks the emulator; a refusal is said on the page. */
  readonly ask: (command: Command) => Promise<Answer>;
  /** Says a sentence where refusals are said. */
  readonly say: (sentence: string, isWrong?: boolean) => void;
  /** The newest, for what happens between two pictures. */
  readonly now: () => Snapshot;
  readonly viewNow: () => View;
}

export type DialogName = 'zoom' | 'help' | 'propose' | 'add' | undefined;

const context = createContext<Hands | undefined>(undefined);
const viewContext = createContext<View>(FIRST_VIEW);
export const HandsProvider = context.Provider;
export const ViewProvider = viewContext.Provider;

/** How a device looks. */
export function useLooks({ looks }: DeviceView): Looks {
  const { setup } = useHands();
  return setup.boards.find(({ name }) => name === looks) ?? setup.looks;
}

/** What is looked at. Whoever asks is drawn again when it changes. */
export function useView(): View {
  return useContext(viewContext);
}

export function useHands(): Hands {
  const hands = useContext(context);
  if (!hands) throw new Error('outside of the page');
  return hands;
}
