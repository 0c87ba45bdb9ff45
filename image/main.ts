/**
 * Makes an image that a board starts from, and the bundles by which it is updated later.
 * `npm run image -- --board NAME`; `--help` says the rest.
 */
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Exit, Failure, type Input } from '../cli/command.ts';
import { version as ownVersion, root } from '../cli/root.ts';
import { runAlone, type Script } from '../cli/script.ts';
import { keyId } from '../firmware-bridge/update/bundle.ts';
import { type Board, boardNames, readBoard } from './board.ts';
import { makeBundle } from './bundle.ts';
import { makeDisk } from './disk.ts';
import { makeEsp } from './esp.ts';
import { makeInitrd } from './initrd.ts';
import { type Keys, signingKeys } from './keys.ts';
import { npmPackage } from './node-binary.ts';
import { buildFirmware, buildOwn } from './own.ts';
import { packageRoot } from './packages.ts';
import { createProgress, type Progress } from './progress.ts';
import { assembleRoot } from './root.ts';
import { run } from './shell.ts';
import { makeExt4, makeSlot } from './slot.ts';
import { debianSources, type Sources, suitesOf } from './sources.ts';

const BOARDS = join(root, 'image/boards');
const MIB = 1024 * 1024;
const ESP_MIB = 64;
const SLOT_MIB = 256;
/** Grows to the end of the disk at the first start. */
const DATA_MIB = 128;
/** Levels of zstd. A quick root is 8 % larger than a tight one, and packed with a tenth of the work. */
const TIGHT = 15;
const QUICK = 6;

interface Options {
  readonly board: Board;
  readonly version: string;
  readonly out: string;
  readonly work: string;
  readonly cache: string;
  readonly epoch: number;
  readonly mirror: string | undefined;
  readonly isWithoutSecurity: boolean;
  readonly isFresh: boolean;
  /** The root is packed for trying, not for a release. */
  readonly isQuick: boolean;
  readonly keys: Keys;
  readonly progress: Progress;
}

const script: Omit<Script, 'name'> = {
  summary: 'makes build/images/classpad-NAME-VERSION.img and a signed bundle of the same system',
  options: {
    board: { value: 'NAME', help: `one of: ${boardNames(BOARDS).join(', ')}` },
    version: { value: 'V', help: 'version of the image and of its firmware; without it that of package.json' },
    key: { value: 'FILE', help: 'private key that signs the bundles; without it a development key, made on demand' },
    cert: { value: 'FILE', help: 'its certificate; it goes into the image, the key goes nowhere' },
    mirror: { value: 'URL', help: "where Debian's packages come from; without it as this machine's apt is told" },
    'without-security': { help: "leave Debian's security suite out, where its mirror is broken; never for a release" },
    out: { value: 'FOLDER', fallback: 'build/images', help: 'where the files go' },
    'firmware-only': { help: 'only classpad-VERSION.firmware, which any board takes; no root needed' },
    quick: { help: 'pack less tightly: for trying, and for tests; 8 % larger, and half a minute sooner' },
    fresh: { help: "fetch Debian's packages anew, not from the cache" },
  },
  notes: [
    "Needs root (files keep their owners) and Debian's packages mmdebstrap, squashfs-tools, dosfstools, mtools, fdisk, kmod, cpio, grub-common and rauc.",
    'The same inputs give the same image; SOURCE_DATE_EPOCH sets its time. npm run firmware-bundle makes the bundle of the firmware alone.',
  ],
  async run(input, io) {
    const board = input.has('firmware-only') ? undefined : demandBoard(input.text('board'));
    const version = input.text('version') ?? ownVersion;
    const out = resolve(input.text('out')!);
    mkdirSync(out, { recursive: true });
    const keys = await signingKeys(join(root, 'build/keys'), input.text('key'), input.text('cert'));
    if (input.has('without-security')) io.err("Without Debian's security suite: known holes stay open. Not for releases.");
    if (keys.isDevelopment) io.err('Signed with a development key: it protects nothing. Releases take --key and --cert.');
    const progress = createProgress(process.stderr);
    const firmware = await progress.step(
      'firmware',
      () => buildFirmware(root, version, keys),
      (bytes) => size(bytes.length),
    );
    const bundle = join(out, `classpad-${version}.firmware`);
    writeFileSync(bundle, firmware);
    const known = { version, out, keys, progress };
    io.out(board ? await makeImage(optionsOf(input, { board, ...known }, await sourceDate()), firmware) : bundle);
    return Exit.ok;
  },
};

type Known = Pick<Options, 'board' | 'version' | 'out' | 'keys' | 'progress'>;

function optionsOf(input: Input, known: Known, epoch: number): Options {
  return {
    ...known,
    mirror: input.text('mirror'),
    isWithoutSecurity: input.has('without-security'),
    isFresh: input.has('fresh'),
    isQuick: input.has('quick'),
    work: join(root, 'build/image', known.board.name),
    cache: join(root, 'build/cache/image'),
    epoch,
  };
}

/** Looked at before anything is made. */
function demandBoard(name: string | undefined): Board {
  const names = boardNames(BOARDS);
  if (name === undefined) throw new Failure(`--board is missing; there are ${names.join(', ')}`, Exit.badInput);
  if (!names.includes(name)) throw new Failure(`there is no board "${name}"; there are ${names.join(', ')}`, Exit.badInput);
  if (process.getuid?.() !== 0)
    throw new Failure(`an image needs root, because its files keep their owners; run: sudo npm run image -- --board ${name}`);
  return readBoard(BOARDS, name);
}

/** Seconds since 1970 that stand for now: the environment's, else the last commit's. */
async function sourceDate(): Promise<number> {
  const given = process.env['SOURCE_DATE_EPOCH'];
  if (given !== undefined && /^\d+$/.test(given)) return Number(given);
  return Number((await run('git', ['log', '-1', '--format=%ct'], { cwd: root }).catch(() => '1767225600')).trim());
}

/** Answers the path of the image. */
async function makeImage(options: Options, firmware: Buffer): Promise<string> {
  const { board, version, work, cache, epoch, progress, keys, out } = options;
  const seed = `classpad ${board.name} ${version}`;
  mkdirSync(work, { recursive: true });
  const sources = await debianSources(options);
  const packages = await progress.step(
    `Debian ${sources.suite} for ${board.architecture}`,
    () => packageRoot(board, sources, options),
    ({ key }) => key,
  );
  const node = await progress.step(
    'Node',
    () => npmPackage(cache, board.node.package, board.node.integrity),
    () => board.node.package,
  );
  const own = join(work, 'own');
  await buildOwn({ root, folder: own, cache, lmdb: board.lmdb, firmware, keyring: keys.keyring });
  const files = join(root, 'image/files');
  const assembled = await progress.step('root', () =>
    assembleRoot({ board, tar: packages.tar, folder: join(work, 'root'), files, own, node, version, keyring: keys.keyring }),
  );
  const modules = [...board.initrdModules, ...board.watchdog, 'softdog'];
  const initrd = makeInitrd(assembled.folder, join(root, 'image/initrd/init'), modules, join(work, 'initrd'), epoch);
  const slot = await progress.step(
    'slot',
    () =>
      makeSlot({
        root: assembled.folder,
        initrd,
        work,
        level: options.isQuick ? QUICK : TIGHT,
        epoch,
        seed,
        onLine: progress.say,
      }),
    (made) =>
      `squashfs ${size(made.squashfsBytes)}${options.isQuick ? ' (packed quickly, a release is some 8 % smaller)' : ''}, ` +
      `kernel ${size(made.kernelBytes)}, initrd ${size(made.initrdBytes)}`,
  );
  const name = join(out, `classpad-${board.name}-${version}`);
  await progress.step(
    'disk',
    () => assembleDisk(options, packages.tar, slot.image, `${name}.img`),
    () => `${name}.img`,
  );
  const signed = `${name}.raucb`;
  await progress.step(
    'bundle',
    () => makeBundle(signed, { board: board.name, version, slot: slot.image, keys, work }),
    () => size(statSync(signed).size),
  );
  writeFileSync(`${name}.packages.txt`, `${assembled.packages.join('\n')}\n`);
  writeFileSync(`${name}.json`, `${JSON.stringify(await describe(options, name, slot, sources), undefined, 2)}\n`);
  rmSync(join(work, 'root'), { recursive: true, force: true });
  return `${name}.img`;
}

async function assembleDisk(options: Options, tar: string, slot: string, path: string): Promise<void> {
  const { board, work, epoch, version } = options;
  const seed = `classpad ${board.name} ${version}`;
  const grub = join(work, 'grub');
  rmSync(grub, { recursive: true, force: true });
  mkdirSync(grub, { recursive: true });
  await run('tar', ['-xf', tar, '-C', grub, '--strip-components=4', `./usr/lib/grub/${board.grub.platform}`]);
  const esp = await makeEsp({
    board,
    grubModules: grub,
    config: join(root, 'image/grub'),
    work,
    bytes: ESP_MIB * MIB,
    epoch,
    seed,
  });
  const data = join(work, 'data.ext4');
  await makeExt4({ path: data, bytes: DATA_MIB * MIB, label: 'data', seed: `${seed} data`, epoch });
  const partitions = [
    { name: 'esp', mib: ESP_MIB, image: esp },
    { name: 'slot-A', mib: SLOT_MIB, image: slot },
    // Filled by the first update.
    { name: 'slot-B', mib: SLOT_MIB },
    { name: 'data', mib: DATA_MIB, image: data },
  ] as const;
  await makeDisk(`${path}.new`, partitions, seed);
  renameSync(`${path}.new`, path);
}

/** What a script, `flash` and `emulate` want to know of an image. */
async function describe(
  { board, version, keys, epoch, isQuick }: Options,
  name: string,
  slot: { squashfsBytes: number },
  sources: Sources,
) {
  return {
    board: board.name,
    version,
    suites: suitesOf(sources),
    sourceDate: epoch,
    signer: keyId(readFileSync(keys.certificate, 'utf8')),
    isDevelopment: keys.isDevelopment,
    isQuick,
    squashfsBytes: slot.squashfsBytes,
    imageSha256: await sha256Of(`${name}.img`),
    bundleSha256: await sha256Of(`${name}.raucb`),
  };
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

function size(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

await runAlone('image', script);
