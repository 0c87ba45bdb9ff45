import { existsSync, realpathSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { type Command, Exit, Failure, type Input, type Io } from '../command.ts';
import { type Disk, findDisk, inGigabytes, isSameDisk, listDisks, refusal } from '../flash/disks.ts';
import { enrolmentFiles, enrolmentOptions } from '../flash/enrolment.ts';
import { bootPartition, type OpenImage, openImage } from '../flash/image.ts';
import { openMedium, type WriteOptions, writeImage } from '../flash/write.ts';
import { type Progress, progress } from '../progress.ts';
import { endingSignal } from '../signals.ts';
import { printJson, tell } from '../tell.ts';

export const flash: Command = {
  name: 'flash',
  summary: 'write an image to a card or a disk, with the enrolment of the device, and verify it',
  operands: [
    { name: 'IMAGE', help: 'a file that "npm run image" made', optional: true },
    { name: 'DISK', help: 'where to, such as /dev/sdb; without it the disks are listed', optional: true },
  ],
  options: {
    ...enrolmentOptions,
    yes: { help: 'do not ask; for scripts' },
    resume: { help: 'leave what is right already, after an attempt that was broken off' },
    'dry-run': { help: 'say what would be done, and do nothing' },
    fixed: { help: 'also a disk that is built into this machine' },
    json: { help: 'print the outcome as JSON' },
  },
  examples: [
    ['classpad flash', 'which disks there are'],
    [
      'classpad flash pad.img /dev/sdb --name pad-7 --from node.yaml --peer ws://10.0.0.2:4401 --token pad-7.token',
      'ready for its fleet',
    ],
  ],
  notes: [
    'Everything on the disk is lost. Mounted disks, parts of disks and the disk of this system are refused. What was written is read back ' +
      'from the medium and compared. Needs root.',
  ],
  async run(input, io) {
    const [path, target] = input.operands;
    if (path === undefined || target === undefined) return listed(input, io, path === undefined ? 0 : openImage(path).bytes);
    const image = openImage(path);
    const disk = chosenDisk(target, image.bytes, input);
    const files = enrolmentFiles(input);
    const patch = files.size > 0 ? bootPartition(image, files) : undefined;
    io.err(`${path}, ${inGigabytes(image.bytes)}, onto ${disk.path} (${disk.model || 'no model'}, ${inGigabytes(disk.bytes)})`);
    if (files.size > 0) io.err(`with ${[...files.keys()].join(', ')} on its boot partition`);
    if (input.has('dry-run'))
      return done(input, io, `${disk.path} would be overwritten; nothing was done`, { disk, written: false });
    if (!input.has('yes')) await confirm(disk);
    return write(image, disk, patch, input, io);
  },
};

function listed(input: Input, io: Io, imageBytes: number): number {
  const disks = listDisks().filter(({ isPart, path }) => !isPart && !path.startsWith('/dev/loop'));
  const rows = disks.map((disk) => ({ ...disk, refusal: refusal(disk, imageBytes, false) }));
  if (input.has('json')) printJson(io, rows);
  for (const { path, model, bytes, refusal: reason } of input.has('json') ? [] : rows) {
    io.out(
      `${path.padEnd(16)} ${inGigabytes(bytes).padStart(9)}  ${model.padEnd(24)} ${reason ?? 'can be written to'}`.trimEnd(),
    );
  }
  if (rows.length === 0) io.err('there is no disk; plug in a card or a stick');
  return Exit.ok;
}

function chosenDisk(text: string, imageBytes: number, input: Input): Disk {
  const disks = listDisks();
  const disk = findDisk(disks, text) ?? findDisk(disks, realPath(text));
  if (disk === undefined) throw new Failure(`there is no disk ${text}; see which there are: classpad flash`, Exit.badInput);
  const reason = refusal(disk, imageBytes, input.has('fixed'));
  if (reason !== undefined) throw new Failure(reason, Exit.badInput);
  return disk;
}

/** Names such as those in /dev/disk/by-id lead to a disk. */
function realPath(text: string): string {
  return text.includes('/') && existsSync(text) ? realpathSync(text) : text;
}

/** From here on it is open, and nothing else can come in its place: is it the one that was shown? */
function demandSame(disk: Disk): void {
  const now = findDisk(listDisks(), disk.path);
  if (now === undefined || !isSameDisk(disk, now))
    throw new Failure(`${disk.path} is another disk than a moment ago; nothing was written`);
}

/** The user types the disk's name, so that nobody overwrites by a mere Enter. */
async function confirm({ name, path }: Disk): Promise<void> {
  if (!process.stdin.isTTY) throw new Failure('nobody is there to confirm; a script says --yes', Exit.badInput);
  const asked = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await asked.question(`Everything on ${path} will be lost. Type ${name} to go on: `);
  asked.close();
  if (answer.trim() !== name) throw new Failure(`"${answer.trim()}" is not ${name}; nothing was written`);
}

async function write(image: OpenImage, disk: Disk, patch: WriteOptions['patch'], input: Input, io: Io): Promise<number> {
  const medium = openMedium(disk.path, 'write');
  const ending = endingSignal();
  const line = progress(io);
  const startedAt = performance.now();
  try {
    demandSame(disk);
    const { sha256, skippedBytes } = await writeImage({
      image,
      bytes: image.bytes,
      disk: medium,
      ...(patch && { patch }),
      isResumed: input.has('resume'),
      onProgress: (phase, part, whole) => sayProgress(line, phase, part, whole),
      isEnding: () => ending.aborted,
    });
    line.end();
    const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
    const skipped = skippedBytes > 0 ? `, of which ${inGigabytes(skippedBytes)} were there already` : '';
    return done(input, io, `${inGigabytes(image.bytes)} on ${disk.path}${skipped}, written and verified in ${seconds} s`, {
      disk,
      written: true,
      sha256,
      seconds,
      skippedBytes,
    });
  } finally {
    medium.close();
  }
}

/** Every tenth part is a line where there is no terminal. */
function sayProgress(line: Progress, phase: string, part: number, whole: number): void {
  const percent = Math.floor((part * 100) / whole);
  line.say(`${phase} ${Math.floor(percent / 10) * 10} %`);
}

function done(input: Input, io: Io, sentence: string, outcome: object): number {
  tell(input, io, sentence, outcome);
  return Exit.ok;
}
