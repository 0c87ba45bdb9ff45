import packagedVariant from '@jitl/quickjs-wasmfile-release-sync';
import { newVariant, type QuickJSSyncVariant } from 'quickjs-emscripten';
import { type HostMethod, type HostReply, ROOM_LENGTH_AT, type RoomMethod } from './wire.ts';

type Ffi = InstanceType<Awaited<ReturnType<QuickJSSyncVariant['importFFI']>>>;
type Load = Extract<Awaited<ReturnType<QuickJSSyncVariant['importModuleLoader']>>, (...args: never[]) => unknown>;
type EmscriptenModule = Awaited<ReturnType<Load>>;
type Runtime = ReturnType<Ffi['QTS_NewRuntime']>;
type Context = ReturnType<Ffi['QTS_NewContext']>;
type Characters = Parameters<Ffi['QTS_NewString']>[1];
/** Where a value stands in the linear memory. */
export type Value = ReturnType<Ffi['QTS_NewObject']>;

/** Linear memory that says when it could not grow. */
export interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** What an interpreter does to its host. */
export interface Host {
  /** One of the functions it was given is called. What is thrown is thrown inside. */
  call(name: HostMethod, text: string, bytes: Uint8Array | undefined): HostReply;
  /** Likewise for what is asked by way of the room. */
  work(): void;
  keccak256(data: Uint8Array): Uint8Array;
  /** Called every ten thousand steps or so; whether it must stop. */
  mustStop(): boolean;
}

/** An interpreter between two calls: its memory, but for the parts that are all zero, and what stands where. */
export interface Image {
  readonly pages: number;
  readonly pieces: readonly (readonly [at: number, bytes: Uint8Array])[];
  readonly places: Places;
}

interface Places {
  readonly runtime: Runtime;
  readonly context: Context;
  /** Room for a text on its way inside, and for a call's arguments. */
  readonly text: number;
  readonly args: number;
  /** Memory that both sides see: what is needed all the time crosses without an object of its own. */
  readonly room: number;
  /** QuickJS's undefined. */
  readonly nothing: Value;
  /** From one argument of a call to the next. */
  readonly valueBytes: number;
}

// The package's types describe its CommonJS face; Node loads the other one, whose default export is the variant.
const variant = packagedVariant as unknown as QuickJSSyncVariant;
const PAGE_BYTES = 65_536;
const TEXT_ROOM = 16 * 1024;
const ROOM_BYTES = ROOM_LENGTH_AT + 4;
const ARGS_ROOM = 8;
const PIECE_BYTES = 16 * 1024;
const NOTHING = new Uint8Array(PIECE_BYTES);
const HEX_DIGITS = Buffer.from('0123456789abcdef');
const NO_DIGIT = 0xff;
const DIGIT_OF = Uint8Array.from({ length: 256 }, (_, code) => {
  const digit = HEX_DIGITS.indexOf(String.fromCharCode(code).toLowerCase());
  return digit < 0 ? NO_DIGIT : digit;
});
/** A call with more than text and bytes is none of ours. */
const MOST_ARGS = 2;

/** A new one with these functions of the host in the global `host`, or a copy of another. Its memory must be as large as the image's. */
export async function createInterpreter(
  wasmModule: WebAssembly.Module,
  memory: Memory,
  host: Host,
  methods: readonly HostMethod[],
  from: Image | { readonly stackBytes: number },
): Promise<Interpreter> {
  const made = newVariant(variant, { wasmModule, wasmMemory: memory as never });
  const [load, FFI] = await Promise.all([made.importModuleLoader() as Promise<Load>, made.importFFI()]);
  const module = await load();
  const ffi = new FFI(module);
  if ('places' in from) {
    const bytes = new Uint8Array(memory.buffer);
    for (const [at, piece] of from.pieces) bytes.set(piece, at);
    return new Interpreter(module, ffi, memory, host, methods, from.places);
  }
  const interpreter = new Interpreter(module, ffi, memory, host, methods, furnish(module, ffi, from.stackBytes));
  interpreter.provideHost();
  return interpreter;
}

function furnish(module: EmscriptenModule, ffi: Ffi, stackBytes: number): Places {
  const runtime = ffi.QTS_NewRuntime();
  ffi.QTS_RuntimeSetMaxStackSize(runtime, stackBytes);
  ffi.QTS_RuntimeEnableInterruptHandler(runtime);
  const context = ffi.QTS_NewContext(runtime, 0 as never);
  const [text, args, room] = [TEXT_ROOM, ARGS_ROOM, ROOM_BYTES].map((bytes) => module._malloc(bytes)) as [number, number, number];
  const valueBytes: number = ffi.QTS_ArgvGetJSValueConstPointer(0 as never, 1);
  return { runtime, context, text, args, room, nothing: ffi.QTS_GetUndefined() as unknown as Value, valueBytes };
}

/**
 * One QuickJS by its foreign function interface. The package's own classes give every value an object with a lifetime; what crosses
 * here crosses at each event of each device, so it goes the short way. Whatever is thrown inside is thrown on as {@link ThrownInside}.
 */
export class Interpreter {
  private readonly module: EmscriptenModule;
  private readonly ffi: Ffi;
  private readonly memory: Memory;
  private readonly host: Host;
  private readonly methods: readonly HostMethod[];
  private readonly places: Places;
  private readonly functions = new Map<string, Value>();
  private viewed: Buffer;
  /** What needs no more than the room: it follows from what is given alone. */
  private readonly works: { readonly [K in RoomMethod]: (argument: Value) => Value } = {
    'room.keccak256': () => {
      const hash = this.host.keccak256(this.inRoom());
      this.view().set(hash, this.places.room);
      return 0 as Value;
    },
    'room.hex': () => this.newHex(this.inRoom()),
    'room.bytes': (digits) => {
      const at = this.ffi.QTS_GetString(this.places.context, digits);
      if (!at) throw new Error('a text was expected');
      const isHex = this.putDigits(at);
      this.ffi.QTS_FreeCString(this.places.context, at);
      if (!isHex) throw new SyntaxError('not hexadecimal');
      return 0 as Value;
    },
  };
  private readonly worksInOrder = Object.values(this.works);

  constructor(module: EmscriptenModule, ffi: Ffi, memory: Memory, host: Host, methods: readonly HostMethod[], places: Places) {
    this.module = module;
    this.ffi = ffi;
    this.memory = memory;
    this.host = host;
    this.methods = methods;
    this.places = places;
    this.viewed = Buffer.from(memory.buffer);
    module.callbacks = {
      callFunction: (_asyncify, _context, _self, count, args, index) => this.called(count, args, index),
      shouldInterrupt: () => (host.mustStop() ? 1 : 0),
      freeHostRef: () => {},
      loadModuleSource: () => 0 as never,
      normalizeModule: () => 0 as never,
    };
  }

  evaluate(source: string, file: string): void {
    const length = Buffer.byteLength(source);
    const at = this.room(length + 1);
    this.putText(source, at, length + 1);
    this.free(this.checked(this.ffi.QTS_Eval(this.places.context, at as Characters, length, file, 0 as never, 0 as never)));
    this.module._free(at);
  }

  /** Calls a function of the global `enter`, which may answer anything. */
  call(name: string, text: string, bytes?: Uint8Array): void {
    this.free(this.result(name, text, bytes));
  }

  /** What it answers, as text. */
  callForText(name: string, text: string): string {
    return this.read(this.result(name, text), (value) => this.textOf(value));
  }

  /** Throws if it does not answer with an ArrayBuffer. */
  callForBytes(name: string, text: string): Uint8Array {
    return this.read(this.result(name, text), (value) => this.bytesOf(value));
  }

  hasJobs(): boolean {
    return this.ffi.QTS_IsJobPending(this.places.runtime) !== 0;
  }

  /** Runs promise jobs, so many at most. */
  runJobs(most: number): void {
    const { runtime, args } = this.places;
    this.free(this.checked(this.ffi.QTS_ExecutePendingJob(runtime, most, args as never)));
  }

  /** Between two calls. */
  image(): Image {
    const bytes = this.view();
    const pieces: [number, Uint8Array][] = [];
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const piece = bytes.subarray(at, at + PIECE_BYTES);
      if (!piece.equals(NOTHING)) pieces.push([at, Uint8Array.from(piece)]);
    }
    return { pages: bytes.length / PAGE_BYTES, pieces, places: this.places };
  }

  /** Makes the global `host`: an object of the host's functions. */
  provideHost(): void {
    const { ffi } = this;
    const { context } = this.places;
    const functions = ffi.QTS_NewObject(context);
    for (const [index, name] of [...Object.keys(this.works), ...this.methods].entries())
      this.setProperty(functions, name, ffi.QTS_NewFunction(context, name, MOST_ARGS, false, index as never));
    this.setProperty(functions, 'room', ffi.QTS_NewArrayBuffer(context, this.places.room as never, ROOM_BYTES));
    const global = ffi.QTS_GetGlobalObject(context);
    this.setProperty(global, 'host', functions);
    this.free(global);
  }

  private called(count: number, args: Parameters<Ffi['QTS_ArgvGetJSValueConstPointer']>[0], index: number): Value {
    const [first, second] = [args as number as Value, (args + this.places.valueBytes) as Value];
    try {
      const work = this.worksInOrder[index];
      if (work) {
        this.host.work();
        return work(count > 0 ? first : this.places.nothing);
      }
      const text = count > 0 ? this.textOf(first) : '';
      const bytes = count > 1 ? this.bytesOf(second) : undefined;
      return this.replyOf(this.host.call(this.methods[index - this.worksInOrder.length]!, text, bytes));
    } catch (error) {
      return this.throwInside(error as Error);
    }
  }

  private result(name: string, text: string, bytes?: Uint8Array): Value {
    const { ffi } = this;
    const { context, args, nothing } = this.places;
    const callee = this.functionOf(name);
    const [first, second] = [this.newText(text), bytes && this.newBytes(bytes)];
    const view = this.view();
    view.writeUInt32LE(first, args);
    if (second !== undefined) view.writeUInt32LE(second, args + 4);
    const result = ffi.QTS_Call(context, callee, nothing as never, second === undefined ? 1 : 2, args as never);
    this.free(first);
    if (second !== undefined) this.free(second);
    return this.checked(result);
  }

  /** Looked up once: whoever changes it later changes nothing for the host. */
  private functionOf(name: string): Value {
    const known = this.functions.get(name);
    if (known) return known;
    const global = this.ffi.QTS_GetGlobalObject(this.places.context);
    const functions = this.property(global, 'enter');
    const found = this.property(functions, name);
    this.free(functions);
    this.free(global);
    this.functions.set(name, found);
    return found;
  }

  private property(of: Value, name: string): Value {
    const key = this.newText(name);
    const found = this.ffi.QTS_GetProp(this.places.context, of, key);
    this.free(key);
    return this.checked(found);
  }

  private setProperty(of: Value, name: string | number, value: Value): void {
    const key = typeof name === 'number' ? this.ffi.QTS_NewFloat64(this.places.context, name) : this.newText(name);
    this.ffi.QTS_SetProp(this.places.context, of, key, value);
    this.free(key);
    this.free(value);
  }

  private replyOf(reply: HostReply): Value {
    if (reply === undefined) return 0 as Value;
    if (typeof reply === 'string') return this.newText(reply);
    if (reply instanceof Uint8Array) return this.newBytes(reply);
    const pair = this.ffi.QTS_NewArray(this.places.context);
    this.setProperty(pair, 0, this.newText(reply[0]));
    this.setProperty(pair, 1, this.newBytes(reply[1]));
    return pair;
  }

  private throwInside({ name, message }: Error): Value {
    const { context } = this.places;
    const error = this.ffi.QTS_NewError(context);
    this.setProperty(error, 'name', this.newText(String(name)));
    this.setProperty(error, 'message', this.newText(String(message)));
    const thrown = this.ffi.QTS_Throw(context, error);
    this.free(error);
    return thrown;
  }

  private checked(value: Value): Value {
    const { context } = this.places;
    const error = this.ffi.QTS_ResolveException(context, value);
    if (!error) return value;
    const told = this.takeText(this.ffi.QTS_Dump(context, error));
    this.free(error);
    this.free(value);
    throw new ThrownInside(told);
  }

  private newText(text: string): Value {
    const most = 3 * text.length + 1;
    const at = most <= TEXT_ROOM ? this.places.text : this.room(most);
    this.putText(text, at, most);
    const value = this.ffi.QTS_NewString(this.places.context, at as Characters);
    if (at !== this.places.text) this.module._free(at);
    return value;
  }

  private newBytes(bytes: Uint8Array): Value {
    const at = this.room(Math.max(1, bytes.length));
    this.view().set(bytes, at);
    return this.ffi.QTS_NewArrayBuffer(this.places.context, at as never, bytes.length);
  }

  private textOf(value: Value): string {
    const at = this.ffi.QTS_GetString(this.places.context, value);
    if (!at) throw new Error('a text was expected');
    return this.takeText(at);
  }

  private takeText(at: ReturnType<Ffi['QTS_GetString']>): string {
    const view = this.view();
    const text = view.toString('utf8', at, view.indexOf(0, at));
    this.ffi.QTS_FreeCString(this.places.context, at);
    return text;
  }

  private bytesOf(value: Value): Uint8Array {
    const { context } = this.places;
    const length = this.ffi.QTS_GetArrayBufferLength(context, value);
    const at = this.ffi.QTS_GetArrayBuffer(context, value);
    if (!at) throw new Error('bytes were expected');
    const bytes = new Uint8Array(this.memory.buffer.slice(at, at + length));
    this.module._free(at);
    return bytes;
  }

  private inRoom(): Buffer {
    const { room } = this.places;
    const view = this.view();
    const bytes = view.readUInt32LE(room + ROOM_LENGTH_AT);
    if (bytes > ROOM_LENGTH_AT) throw new Error(`the room has ${ROOM_LENGTH_AT} bytes, not ${bytes}`);
    return view.subarray(room, room + bytes);
  }

  private newHex(bytes: Uint8Array): Value {
    if (2 * bytes.length >= TEXT_ROOM) return this.newText(Buffer.from(bytes).toString('hex'));
    const view = this.view();
    let at = this.places.text;
    for (let i = 0; i < bytes.length; i++) {
      view[at++] = HEX_DIGITS[bytes[i]! >> 4]!;
      view[at++] = HEX_DIGITS[bytes[i]! & 15]!;
    }
    view[at] = 0;
    return this.ffi.QTS_NewString(this.places.context, this.places.text as Characters);
  }

  /** The bytes of which the digits stand at `at`, up to a zero, go into the room. Whether they are digits, and fit. */
  private putDigits(at: number): boolean {
    const view = this.view();
    const { room } = this.places;
    let to = room;
    for (let from = at; view[from] !== 0; from += 2) {
      const [high, low] = [DIGIT_OF[view[from]!]!, DIGIT_OF[view[from + 1]!]!];
      if ((high | low) > 15 || to === room + ROOM_LENGTH_AT) return false;
      view[to++] = (high << 4) | low;
    }
    view.writeUInt32LE(to - room, room + ROOM_LENGTH_AT);
    return true;
  }

  /** Ends with the zero that C wants. */
  private putText(text: string, at: number, most: number): void {
    const view = this.view();
    view[at + view.write(text, at, most, 'utf8')] = 0;
  }

  private room(bytes: number): number {
    const at = this.module._malloc(bytes);
    if (at === 0) throw new Error('out of memory');
    return at;
  }

  /** What it holds; it is freed. */
  private read<T>(value: Value, how: (value: Value) => T): T {
    try {
      return how(value);
    } finally {
      this.free(value);
    }
  }

  private free(value: Value): void {
    this.ffi.QTS_FreeValuePointer(this.places.context, value);
  }

  private view(): Buffer {
    if (this.viewed.buffer !== this.memory.buffer) this.viewed = Buffer.from(this.memory.buffer);
    return this.viewed;
  }
}

/** What QuickJS tells of an error: its name and message. */
export class ThrownInside extends Error {
  constructor(told: string) {
    super(sentenceOf(told));
    this.name = 'ThrownInside';
  }
}

function sentenceOf(told: string): string {
  try {
    const { name, message } = JSON.parse(told) as { name?: unknown; message?: unknown };
    return name === undefined ? told : `${name}: ${message}`;
  } catch {
    return told;
  }
}
