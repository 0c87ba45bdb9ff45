import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

interface Props {
  readonly title: string;
  readonly name?: string;
  readonly children: ComponentChildren;
}

/** A button with a sheet under it. Escape closes it and leaves the focus on the button; so does whatever happens beside it. */
export function Menu({ title, name = '', children }: Props) {
  const menu = useRef<HTMLDetailsElement>(null);
  const [isOpen, setOpen] = useState(false);
  useEffect(() => (isOpen ? closeOn(menu.current!) : undefined), [isOpen]);
  return (
    <details ref={menu} class={`menu ${name}`} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary class="button">{title}</summary>
      <div class="menu-sheet">{children}</div>
    </details>
  );
}

/** Listens for what closes an open menu; answers how to stop. */
function closeOn(menu: HTMLDetailsElement): () => void {
  const isBeside = (target: EventTarget | null) => target instanceof Node && !menu.contains(target);
  const away = ({ target }: Event) => {
    if (isBeside(target)) menu.open = false;
  };
  const press = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return;
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
