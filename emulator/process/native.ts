import { Script } from 'node:vm';
import type { NodeConfig } from '../../runtime/config.ts';
import type { Node } from '../../runtime/node.ts';
import type { Ports } from '../../runtime/ports/index.ts';
import { downAnswer, type FirmwareProcess, type Scripts } from '../quickjs/device.ts';
import type { EngineFailure } from './exchange.ts';

interface Bundle {
  readonly boot: (ports: Ports, config: NodeConfig) => Node | Promise<Node>;
  readonly EngineError?: new (code: string, message: string) => Error;
}

export interface NativeOptions {
  readonly scripts: Scripts;
  readonly config: NodeConfig;
  readonly ports: Ports;
  readonly onFault: (sentence: string) => void;
}

/** The bundle keeps nothing between boots but caches of what never changes, so all devices share one evaluation of it. */
const bundles = new WeakMap<Scripts, Bundle>();

/** Boots the same bundle as JavaScript of this process: no limits, and the same effects in the same order. */
export function bootNative(options: NativeOptions): FirmwareProcess {
  const process = new NativeFirmware(options);
  process.start();
  return process;
}

export function nativeError(scripts: Scripts): (failure: EngineFailure) => Error {
  return ({ message, code }) => {
    const { EngineError } = bundleOf(scripts);
    return EngineError && code ? new EngineError(code, message) : new Error(message);
  };
}

function bundleOf(scripts: Scripts): Bundle {
  const known = bundles.get(scripts);
  if (known) return known;
  const source = `(() => { ${scripts.firmware}\n${scripts.addition ?? ''}\nreturn classpad; })()`;
  const bundle = new Script(source, { filename: 'firmware.js' }).runInThisContext() as Bundle;
  bundles.set(scripts, bundle);
  return bundle;
}

class NativeFirmware implements FirmwareProcess {
  readonly booted: Promise<void>;
  readonly fault = undefined;
  private readonly options: NativeOptions;
  private node: Node | undefined;
  private dead = false;
  private finish: { resolve: () => void; reject: (error: Error) => void } = { resolve: () => {}, reject: () => {} };

  constructor(options: NativeOptions) {
    this.options = options;
    this.booted = new Promise((resolve, reject) => {
      this.finish = { resolve, reject };
    });
    // Whoever waits for the boot hears of it; nobody may be waiting yet.
    this.booted.catch(() => {});
  }

  start(): void {
    const { scripts, config, ports } = this.options;
    const begin = async (): Promise<void> => {
      try {
        this.node = await bundleOf(scripts).boot(ports, config);
        this.finish.resolve();
      } catch (error) {
        const { name, message } = error as Error;
        this.finish.reject(new Error(`${name}: ${message}`));
      }
    };
    void begin();
  }

  async wellKnown(target: string): Promise<string | undefined> {
    return this.dead ? undefined : this.node?.wellKnown(target);
  }

  rpc(request: string): Promise<string> {
    if (this.dead || !this.node) return Promise.resolve(downAnswer(this.options.ports.device.name));
    return this.node.rpc(request);
  }

  session(send: (text: string) => void): ReturnType<FirmwareProcess['session']> {
    return this.dead ? undefined : this.node?.session(send);
  }

  status(): ReturnType<FirmwareProcess['status']> {
    return this.dead ? undefined : this.node?.status();
  }

  memoryHeldBytes(): number {
    return 0;
  }

  stop(): void {
    if (!this.dead) this.node?.stop();
    this.dead = true;
  }

  kill(): void {
    this.dead = true;
  }
}
