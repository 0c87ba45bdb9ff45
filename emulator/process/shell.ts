import type { NodeConfig } from '../../runtime/config.ts';
import type { Device, Vm } from '../../runtime/ports/index.ts';
import { settled } from '../clock.ts';
import { bootFirmware, type FirmwareProcess, type Scripts } from '../quickjs/device.ts';
import type { Limits } from '../quickjs/machine.ts';
import type { MemoryStore } from '../store.ts';
import type { End, Input, Moment, Output, ShellDoor, StoreEntry, WriteTrap } from './exchange.ts';
import { bootNative, nativeError } from './native.ts';
import { type RecordingPorts, recordingPorts } from './ports.ts';

export interface ShellOptions {
  readonly scripts: Scripts;
  readonly config: NodeConfig;
  readonly vm: Vm;
  readonly store: MemoryStore;
  readonly device: Omit<Device, 'batteryPercent' | 'memory'>;
  readonly limits?: Limits;
  /** Runs the firmware as JavaScript of this process: faster, and without its limits. */
  readonly native?: boolean;
  /** Called at every host call and every so many steps: a sign of life. */
  readonly pulse?: () => void;
}

/** One device's firmware with everything that it needs within reach. It touches the world by its {@link Output}s alone. */
export function createShell(options: ShellOptions): ShellDoor {
  return new FirmwareShell(options);
}

class FirmwareShell implements ShellDoor {
  private readonly options: ShellOptions;
  private readonly recorder: RecordingPorts;
  private readonly sessions = new Map<number, NonNullable<ReturnType<FirmwareProcess['session']>>>();
  private firmware: FirmwareProcess | undefined;
  private moment: Moment = { nowMs: 0, peers: [], sisters: [], batteryPercent: undefined, memory: undefined };
  private end: End | undefined;
  private queue: Promise<unknown> = Promise.resolve();

  constructor(options: ShellOptions) {
    this.options = options;
    const makeError = options.native ? nativeError(options.scripts) : plainError;
    this.recorder = recordingPorts({ ...options, moment: () => this.moment }, makeError);
  }

  enter(input: Input, moment: Moment): Promise<Output> {
    const output = this.queue.then(() => this.deal(input, moment));
    this.queue = output;
    return output;
  }

  status(moment: Moment): string | undefined {
    if (this.end || this.recorder.powerIsOut) return undefined;
    this.moment = moment;
    const status = this.firmware?.status();
    return status && JSON.stringify(status);
  }

  memoryHeldBytes(): number {
    return this.firmware?.memoryHeldBytes() ?? 0;
  }

  setTrap(trap: WriteTrap | undefined): void {
    this.recorder.setTrap(trap);
  }

  setStored(entries: readonly StoreEntry[], capacityBytes: number): void {
    this.options.store.setCapacity(capacityBytes);
    this.options.store.put(entries);
  }

  close(): void {
    this.recorder.cutPower();
    this.firmware?.kill();
  }

  private async deal(input: Input, moment: Moment): Promise<Output> {
    if (this.end) return { effects: [] };
    this.moment = moment;
    try {
      await this.act(input);
      await settled();
    } catch (error) {
      this.fail((error as Error).message);
    }
    const effects = this.recorder.take();
    if (this.recorder.powerIsOut) this.end = { by: 'power' };
    if (!this.end) return { effects };
    this.close();
    return { effects, end: this.end };
  }

  private act(input: Input): Promise<void> | void {
    const { recorder } = this;
    switch (input.do) {
      case 'boot':
        return this.boot();
      case 'timer':
        return recorder.timer(input.id);
      case 'changed':
        return recorder.changed(input.id);
      case 'message':
        return recorder.message(input.peer, input.bytes);
      case 'settled':
        return recorder.settled(input.id, input.value, input.error);
      case 'exchange':
        return recorder.exchange(input.exchange);
      case 'hand':
        return recorder.hand(input.event);
      case 'rpc':
        void this.firmware?.rpc(input.text).then((text) => this.tell(() => recorder.add(['answer', input.id, text])));
        return;
      case 'wellKnown':
        void this.firmware?.wellKnown(input.text).then((text) => this.tell(() => recorder.add(['answer', input.id, text ?? ''])));
        return;
      case 'session.open':
        return this.openSession(input.id);
      case 'session.receive':
        return this.sessions.get(input.id)?.receive(input.text);
      case 'session.close':
        this.sessions.get(input.id)?.close();
        this.sessions.delete(input.id);
        return;
      case 'stop':
        return this.firmware?.stop();
    }
  }

  private async boot(): Promise<void> {
    const { scripts, config, limits, native, pulse } = this.options;
    const { ports } = this.recorder;
    const onFault = (sentence: string): void => this.fail(sentence);
    const firmware = native
      ? bootNative({ scripts, config, ports, onFault })
      : await bootFirmware({ scripts, config, ports, onFault, ...(limits && { limits }), ...(pulse && { pulse }) });
    this.firmware = firmware;
    firmware.booted.then(
      () => this.tell(() => this.recorder.add(['booted'])),
      (error: Error) => this.tell(() => this.recorder.add(['failed', error.message])),
    );
  }

  private openSession(id: number): void {
    const session = this.firmware?.session(
      (text) => this.recorder.add(['session', id, text]),
      () => {},
    );
    if (session) this.sessions.set(id, session);
  }

  private fail(sentence: string): void {
    if (this.recorder.powerIsOut) return;
    this.end ??= { by: 'fault', sentence };
  }

  /** What a promise brings after the power has gone is nobody's any more. */
  private tell(act: () => void): void {
    if (!this.end && !this.recorder.powerIsOut) act();
  }
}

function plainError({ message, code }: { readonly message: string; readonly code?: string }): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}
