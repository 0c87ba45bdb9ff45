import { memo } from 'preact/compat';
import type { DeviceView, Looks, Part } from '../protocol.ts';
import { useHands, useLooks, useView } from './hands.ts';
import { LcdCanvas } from './lcd-canvas.tsx';
import { Shape } from './marks.tsx';
import { LCD_HEIGHT, LCD_WIDTH } from './rectangle.ts';
import { useTool } from './use-tool.ts';
import { shortName } from './words.ts';

interface Props {
  readonly device: DeviceView;
  readonly index: number;
  readonly site: string;
  readonly isChosen: boolean;
}

const labelOf = ({ device, site }: Props): string => [device.name, site, device.stateText].filter(Boolean).join(', ');

/** A board: what it looks like, its LCD, which a finger can touch, and its keys. */
export function Board(props: Props) {
  const { device, index, isChosen } = props;
  const { lcds, ask, choose, open } = useHands();
  const use = useTool();
  const looks = useLooks(device);
  const openThis = () => {
    choose(index);
    open('zoom');
  };
  return (
    <div class={`board ${device.state}`} style={{ aspectRatio: `${looks.width} / ${looks.height}`, '--wide': looks.width }}>
      <Shell looks={looks} />
      <button
        type="button"
        class="choose"
        aria-pressed={isChosen}
        aria-label={labelOf(props)}
        title={`${device.name}: double click or enter for true size`}
        data-device={index}
        onClick={() => use(device, index)}
        onDblClick={openThis}
      />
      <Lcd device={device} index={index} isLive={isChosen} looks={looks} onOpen={openThis} />
      {looks.keys.map((key) => (
        <button
          key={key.name}
          type="button"
          class="hard-key"
          tabIndex={isChosen ? 0 : -1}
          aria-label={`${key.name} key of ${device.name}`}
          title={`${key.label}: ${key.name} key`}
          style={placed(key, looks)}
          onClick={() => void ask({ do: 'key', device: device.name, key: key.name })}
        />
      ))}
      <i
        class={`lamp ${device.state}`}
        style={placed({ x: looks.lamp.x - 2, y: looks.lamp.y - 2, width: 4, height: 4 }, looks)}
      />
      {lcds.isKnown(index) || device.powered ? null : <span class="dark" />}
    </div>
  );
}

/** The LCD. A finger works on the chosen board; on another it chooses it first. */
export function Lcd({
  device,
  index,
  isLive,
  looks,
  onOpen,
}: {
  device: DeviceView;
  index: number;
  isLive: boolean;
  looks: Looks;
  onOpen: () => void;
}) {
  const { lcds } = useHands();
  const view = useView();
  const use = useTool();
  const touch = useTouch(device);
  const acts = isLive && view.tool === 'select';
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a finger's; keys press A, B, X and enter
    // biome-ignore lint/a11y/useKeyWithClickEvents: likewise
    <div
      class={acts ? 'lcd-place live' : 'lcd-place'}
      style={placed(looks.lcd, looks)}
      onClick={() => acts || use(device, index)}
      onDblClick={() => acts || onOpen()}
      {...(acts && touch)}
    >
      <LcdCanvas index={index} lcds={lcds} text={`LCD of ${device.name}`} />
    </div>
  );
}

/** Pointer events as touches, in pixels of the LCD. */
export function useTouch(device: DeviceView) {
  const { ask } = useHands();
  const tell = (phase: 'down' | 'up') => (event: PointerEvent) => {
    if (event.button !== 0) return;
    const target = event.currentTarget as HTMLElement;
    const { left, top, width, height } = target.getBoundingClientRect();
    if (phase === 'down') target.setPointerCapture(event.pointerId);
    const within = (value: number, most: number) => Math.max(0, Math.min(most - 1, Math.floor(value)));
    const x = within(((event.clientX - left) / width) * LCD_WIDTH, LCD_WIDTH);
    const y = within(((event.clientY - top) / height) * LCD_HEIGHT, LCD_HEIGHT);
    void ask({ do: 'touch', device: device.name, phase, x, y });
  };
  return { onPointerDown: tell('down'), onPointerUp: tell('up') };
}

function placed({ x, y, width, height }: { x: number; y: number; width: number; height: number }, looks: Looks) {
  const share = (value: number, of: number) => `${(value / of) * 100}%`;
  return {
    left: share(x, looks.width),
    top: share(y, looks.height),
    width: share(width, looks.width),
    height: share(height, looks.height),
  };
}

/** What does not live on a board. */
export const Shell = memo(function Shell({ looks }: { looks: Looks }) {
  return (
    <svg class="looks" viewBox={`0 0 ${looks.width} ${looks.height}`} aria-hidden="true">
      <PartShape part={{ of: 'metal', ...looks.plug }} />
      {looks.parts.map((part, index) => (
        <PartShape key={index} part={part} />
      ))}
      {looks.keys.map((key) => (
        <rect key={key.name} class="key" x={key.x} y={key.y} width={key.width} height={key.height} rx={key.radius ?? 0} />
      ))}
    </svg>
  );
});

function PartShape({ part: { of, x, y, width, height, radius = 0 } }: { part: Part }) {
  return <rect class={of} x={x} y={y} width={width} height={height} rx={radius} />;
}

/** A board among many: its outline and its state's shape. */
export const Outline = memo(
  function Outline(props: Props) {
    const { device, index, isChosen } = props;
    const use = useTool();
    return (
      <button
        type="button"
        class={`choose mini ${device.state}`}
        aria-pressed={isChosen}
        aria-label={labelOf(props)}
        title={labelOf(props)}
        data-device={index}
        onClick={() => use(device, index)}
      >
        <svg class="outline-of" viewBox="0 0 30 40" aria-hidden="true">
          <rect class="shell" x=".75" y=".75" width="28.5" height="38.5" rx="5" />
          <g class={`mark ${device.state}`} transform="translate(7 9)">
            <Shape state={device.state} />
          </g>
        </svg>
        <span>{shortName(device.name)}</span>
      </button>
    );
  },
  (before, after) =>
    before.isChosen === after.isChosen &&
    before.device.state === after.device.state &&
    before.device.stateText === after.device.stateText &&
    before.device.powered === after.device.powered,
);
