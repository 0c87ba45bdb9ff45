import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface Props {
  readonly title: string;
  readonly name?: string;
  readonly children: ComponentChildren;
}

/** A button with a sheet under it. Escape closes it and leaves the focus on the button; so does whatever happens beside it. */
export function Menu({ title, name = '', children }: Props) {
  const menu = useRef<HTMLDetailsElement>(null);
  useEffect(() => closeOn(menu.current!), []);
  return (
    <details ref={menu} class={`menu ${name}`} onToggle={() => menu.current!.open && place(menu.current!)}>
      <summary class="button">{title}</summary>
      <div class="menu-sheet">{children}</div>
    </details>
  );
}

/** Under its button, or over it where there is more room; never longer than that. */
function place(menu: HTMLDetailsElement): void {
  const { top, bottom } = menu.getBoundingClientRect();
  const [above, below] = [top - MARGIN, innerHeight - bottom - MARGIN];
  const isAbove = below < ENOUGH && above > below;
  menu.classList.toggle('above', isAbove);
  menu.style.setProperty('--room', `${Math.max(LEAST, isAbove ? above : below)}px`);
}

const MARGIN = 12;
const ENOUGH = 320;
const LEAST = 160;

/** Listens for what closes a menu while it is open, from its first moment; answers how to stop. */
function closeOn(menu: HTMLDetailsElement): () => void {
  const isBeside = (target: EventTarget | null) => target instanceof Node && !menu.contains(target);
  const away = ({ target }: Event) => {
    if (menu.open && isBeside(target)) menu.open = false;
  };
  const press = (event: KeyboardEvent) => {
    if (!menu.open || event.key !== 'Escape') return;
    event.stopPropagation();
    menu.open = false;
    menu.querySelector('summary')?.focus();
  };
  const events: [name: string, listener: (event: never) => void][] = [
    ['pointerdown', away],
    ['focusin', away],
    ['keydown', press],
  ];
  for (const [name, listener] of events) document.addEventListener(name, listener as EventListener, true);
  return () => {
    for (const [name, listener] of events) document.removeEventListener(name, listener as EventListener, true);
  };
}
