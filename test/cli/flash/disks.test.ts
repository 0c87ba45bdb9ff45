import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Disk, findDisk, linuxDisks, listDisks, refusal } from '../../../cli/flash/disks.ts';

/** As `lsblk --json` prints a machine with a system disk, a card, a mounted stick and an empty reader. */
const LSBLK = JSON.stringify({
  blockdevices: [
    {
      path: '/dev/nvme0n1',
      name: 'nvme0n1',
      type: 'disk',
      size: 512110190592,
      model: 'FAST 512',
      rm: false,
      hotplug: false,
      ro: false,
      mountpoints: [null],
      children: [
        {
          path: '/dev/nvme0n1p1',
          name: 'nvme0n1p1',
          type: 'part',
          size: 536870912,
          model: null,
          rm: false,
          hotplug: false,
          ro: false,
          mountpoints: ['/boot/efi'],
        },
        {
          path: '/dev/nvme0n1p2',
          name: 'nvme0n1p2',
          type: 'part',
          size: 511000000000,
          model: null,
          rm: false,
          hotplug: false,
          ro: false,
          mountpoints: [null],
          children: [
            {
              path: '/dev/mapper/root',
              name: 'root',
              type: 'crypt',
              size: 510000000000,
              model: null,
              rm: false,
              hotplug: false,
              ro: false,
              mountpoints: ['/'],
            },
          ],
        },
      ],
    },
    {
      path: '/dev/sda',
      name: 'sda',
      type: 'disk',
      size: 31914983424,
      model: 'SD Card Reader  ',
      rm: true,
      hotplug: true,
      ro: false,
      mountpoints: [null],
    },
    {
      path: '/dev/sdb',
      name: 'sdb',
      type: 'disk',
      size: 8000000000,
      model: 'Stick',
      rm: true,
      hotplug: true,
      ro: false,
      mountpoints: [null],
      children: [
        {
          path: '/dev/sdb1',
          name: 'sdb1',
          type: 'part',
          size: 7900000000,
          model: null,
          rm: true,
          hotplug: true,
          ro: false,
          mountpoints: ['/media/ann/STICK'],
        },
      ],
    },
    {
      path: '/dev/sdc',
      name: 'sdc',
      type: 'disk',
      size: 0,
      model: 'Empty',
      rm: true,
      hotplug: true,
      ro: false,
      mountpoints: [null],
    },
    {
      path: '/dev/sdd',
      name: 'sdd',
      type: 'disk',
      size: 4000000000000,
      model: 'ARCHIVE',
      rm: false,
      hotplug: false,
      ro: false,
      mountpoints: [null],
    },
    {
      path: '/dev/sde',
      name: 'sde',
      type: 'disk',
      size: 31914983424,
      model: 'Locked',
      rm: true,
      hotplug: true,
      ro: true,
      mountpoints: [null],
    },
    {
      path: '/dev/loop0',
      name: 'loop0',
      type: 'loop',
      size: 2147483648,
      model: null,
      rm: false,
      hotplug: false,
      ro: false,
      mountpoints: [null],
    },
    {
      path: '/dev/sdf',
      name: 'sdf',
      type: 'disk',
      size: 100000000,
      model: 'Tiny',
      rm: true,
      hotplug: true,
      ro: false,
      mountpoints: [null],
    },
    {
      path: '/dev/sdg',
      name: 'sdg',
      type: 'disk',
      size: 8000000000,
      model: 'Swap',
      rm: true,
      hotplug: true,
      ro: false,
      mountpoints: ['[SWAP]'],
    },
  ],
});
const disks = linuxDisks(LSBLK);
const IMAGE = 700_000_000;

const rows: [path: string, sentence: RegExp | undefined][] = [
  ['/dev/sda', undefined],
  ['/dev/loop0', undefined],
  ['/dev/nvme0n1', /own system/],
  ['/dev/nvme0n1p1', /part of a disk/],
  ['/dev/sdb', /in use at \/media\/ann\/STICK/],
  ['/dev/sdb1', /part of a disk/],
  ['/dev/sdd', /built into this machine.*--fixed/],
  ['/dev/sde', /cannot be written/],
  ['/dev/sdf', /has 100\.0 MB, and the image needs 700\.0 MB/],
  ['/dev/sdg', /own system \(\[SWAP\]\)/],
];
for (const [path, sentence] of rows) {
  test(`Linux: ${path}`, () => {
    const reason = refusal(findDisk(disks, path)!, IMAGE, false);
    if (sentence === undefined) assert.is(reason, undefined);
    else assert.match(reason!, sentence);
  });
}

test('what is empty is no disk, and models are trimmed', () => {
  assert.is(findDisk(disks, '/dev/sdc'), undefined);
  assert.is(findDisk(disks, 'sda')?.model, 'SD Card Reader');
});

test('--fixed allows a built-in disk, and nothing else', () => {
  const allowed = disks.filter((disk) => refusal(disk, IMAGE, true) === undefined).map(({ name }) => name);
  assert.equal(allowed, ['sda', 'sdd', 'loop0']);
});

/** As `diskutil` of macOS prints them, shortened. */
const plist = (body: string) => `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">\n${body}\n</plist>\n`;
const MAC: Readonly<Record<string, string>> = {
  list: plist(`<dict>
    <key>AllDisks</key><array><string>disk0</string><string>disk4</string></array>
    <key>AllDisksAndPartitions</key><array>
      <dict><key>DeviceIdentifier</key><string>disk0</string><key>Size</key><integer>500277790720</integer><key>OSInternal</key><false/>
        <key>Partitions</key><array><dict><key>DeviceIdentifier</key><string>disk0s2</string><key>Size</key><integer>494384795648</integer></dict></array></dict>
      <dict><key>APFSPhysicalStores</key><array><dict><key>DeviceIdentifier</key><string>disk0s2</string></dict></array>
        <key>APFSVolumes</key><array><dict><key>DeviceIdentifier</key><string>disk3s1</string><key>MountPoint</key><string>/System/Volumes/Data</string></dict></array>
        <key>DeviceIdentifier</key><string>disk3</string><key>Size</key><integer>494384795648</integer></dict>
      <dict><key>DeviceIdentifier</key><string>disk4</string><key>Size</key><integer>31914983424</integer><key>Partitions</key><array/></dict>
      <dict><key>DeviceIdentifier</key><string>disk5</string><key>Size</key><integer>8000000000</integer><key>Partitions</key><array>
        <dict><key>DeviceIdentifier</key><string>disk5s1</string><key>MountPoint</key><string>/Volumes/A &amp; B</string><key>Size</key><integer>7900000000</integer></dict></array></dict>
    </array></dict>`),
  disk0: plist(
    '<dict><key>MediaName</key><string>APPLE SSD</string><key>Internal</key><true/><key>RemovableMediaOrExternalDevice</key><false/><key>WritableMedia</key><true/></dict>',
  ),
  disk4: plist(
    '<dict><key>MediaName</key><string>SDXC Reader</string><key>Internal</key><false/><key>RemovableMediaOrExternalDevice</key><true/><key>WritableMedia</key><true/></dict>',
  ),
  disk5: plist(
    '<dict><key>MediaName</key><string>Stick</string><key>Internal</key><false/><key>RemovableMediaOrExternalDevice</key><true/><key>WritableMedia</key><true/></dict>',
  ),
};
const mac = (): Disk[] => listDisks('darwin', (_program, args) => MAC[args[0] === 'list' ? 'list' : args[2]!]!);

const macRows: [name: string, model: string, sentence: RegExp | undefined][] = [
  ['disk0', 'APPLE SSD', /own system \(\/System\/Volumes\/Data\)/],
  ['disk4', 'SDXC Reader', undefined],
  ['disk5', 'Stick', /in use at \/Volumes\/A & B/],
];
for (const [name, model, sentence] of macRows) {
  test(`macOS: ${name}`, () => {
    const disk = findDisk(mac(), `/dev/${name}`)!;
    assert.equal([disk.model, disk.path], [model, `/dev/r${name}`]);
    const reason = refusal(disk, IMAGE, false);
    if (sentence === undefined) assert.is(reason, undefined);
    else assert.match(reason!, sentence);
  });
}

test('elsewhere disks cannot be listed', () => assert.throws(() => listDisks('win32'), /Linux and macOS/));

test.run();
