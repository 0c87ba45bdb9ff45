import {
  type Check,
  changed,
  createScreen,
  HOME,
  type Insight,
  idOf,
  move,
  type Place,
  pageModel,
  rowsOf,
  type ScreenModel,
  screenModel,
  selfTestModel,
  softKeysOf,
  targetAt,
} from './display/index.ts';
import { readSettings, writeSettings } from './lcd-settings.ts';
import type { NodeStatus } from './node.ts';
import type { InputEvent, Ports } from './ports/index.ts';
import { wallMsOf } from './steady.ts';

/** Keeps the LCD in step with the node, a few times a second at most, and at once with the hand on it. */
export interface Painter {
  /** The status may have changed. */
  request(): void;
  /** The ledger has gone on, and nothing else has changed. */
  requestHead(): void;
  /** The container engine's answer to the self-test; until then the self-test is shown. */
  selfTested(engine: { readonly ok: boolean; readonly found: string }): void;
  text(): string[];
  stop(): void;
}

const PAUSE_MS = 250;
/** A number that counts up need not be painted each time that it does. */
const HEAD_PAUSE_MS = 2_000;
/** So that the time of day and the battery move on by themselves. */
const IDLE_MS = 15_000;
/** A page that nobody touches gives way to the state of the device. */
const LEFT_ALONE_MS = 120_000;

type Status = Pick<NodeStatus, 'name' | 'address' | 'state' | 'head' | 'peers' | 'releases' | 'steps' | 'drifts'>;

export interface PainterOptions {
  readonly ports: Ports;
  readonly version: string;
  readonly status: () => Status;
  readonly insight: Insight;
}

export function createPainter(options: PainterOptions): Painter {
  return new LcdPainter(options);
}

class LcdPainter implements Painter {
  private readonly options: PainterOptions;
  private readonly screen;
  private readonly checks: Check[];
  private settings;
  private place: Place = HOME;
  private touchedAtMs = 0;
  private isTested = false;
  private stopped = false;
  private paintedAtMs = Number.NEGATIVE_INFINITY;
  private dueAtMs = Number.POSITIVE_INFINITY;
  private cancel = () => {};

  constructor(options: PainterOptions) {
    const { ports, status } = options;
    this.options = options;
    this.screen = createScreen(ports.display);
    this.settings = readSettings(ports.store);
    this.checks = [
      { name: 'contract VM', state: 'healthy', found: ports.vm.fork },
      { name: 'ledger', state: 'healthy', found: `block ${status().head.number}` },
      { name: 'containers', state: 'offline', found: 'waiting' },
    ];
    this.paint();
    ports.input?.receive((event) => this.attempt(() => this.touch(event)));
  }

  request(): void {
    this.paintAfter(PAUSE_MS);
  }

  requestHead(): void {
    this.paintAfter(HEAD_PAUSE_MS);
  }

  selfTested({ ok, found }: { readonly ok: boolean; readonly found: string }): void {
    if (this.isTested) return;
    const state = ok ? 'healthy' : 'failed';
    this.checks[2] = { name: 'containers', state, found: found.replace('Docker Engine', 'Docker') };
    this.paint();
    this.isTested = true;
    this.paintIn(PAUSE_MS);
  }

  text(): string[] {
    return this.screen.text();
  }

  stop(): void {
    this.stopped = true;
    this.cancel();
  }

  private touch(event: InputEvent): void {
    if (!this.isTested || this.stopped) return;
    const { clock, store } = this.options.ports;
    this.touchedAtMs = clock.nowMs();
    const model = this.model(wallMsOf(this.options.ports.clock), 0);
    const isPage = model.screen === 'page';
    const { place, changes } = move(this.place, event, {
      soft: softKeysOf(model),
      rows: isPage ? rowsOf(model) : 0,
      idAt: (row) => (isPage ? idOf(model, row) : undefined),
      targetAt: (x, y) => targetAt(model, x, y),
    });
    this.place = place;
    if (changes) {
      this.settings = changed(this.settings, place.cursor);
      writeSettings(store, this.settings);
    }
    this.paint();
  }

  private model(nowMs: number, aloneMs: number): ScreenModel {
    const { status, insight, version, ports } = this.options;
    if (!this.isTested) return selfTestModel(ports.device, version, this.checks, nowMs);
    if (this.place.page !== 'home' && aloneMs >= LEFT_ALONE_MS) this.place = HOME;
    const sources = { status: status(), device: ports.device, nowMs, insight, settings: this.settings };
    const model =
      this.place.page === 'home'
        ? screenModel({ ...sources.status, screen: [] }, ports.device, nowMs)
        : pageModel(this.place, sources);
    const { pressed } = this.place;
    return {
      ...model,
      clockOffsetMs: this.settings.clockOffsetHours * 3_600_000,
      ...(pressed?.at === 'soft' && { pressedCell: pressed.cell }),
    };
  }

  private paint(): void {
    const nowMs = this.options.ports.clock.nowMs();
    this.paintedAtMs = nowMs;
    this.dueAtMs = Number.POSITIVE_INFINITY;
    this.attempt(() => this.screen.show(this.model(wallMsOf(this.options.ports.clock), nowMs - this.touchedAtMs)));
    this.paintIn(IDLE_MS);
  }

  private paintAfter(pauseMs: number): void {
    this.paintIn(Math.max(0, this.paintedAtMs + pauseMs - this.options.ports.clock.nowMs()));
  }

  private paintIn(delayMs: number): void {
    const { clock } = this.options.ports;
    const atMs = clock.nowMs() + delayMs;
    if (this.stopped || atMs >= this.dueAtMs) return;
    this.cancel();
    this.dueAtMs = atMs;
    this.cancel = clock.after(delayMs, () => this.paint());
  }

  /** A display that fails must not end what it shows. */
  private attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.options.ports.log.write('warn', `the display shows nothing: ${(error as Error).message}`);
    }
  }
}
