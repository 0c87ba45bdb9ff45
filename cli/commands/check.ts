import { encodeManifest, imagesOf, isPinned, pinnedSomehow } from '../../runtime/manifest/index.ts';
import type { Command } from '../command.ts';
import { readCompose } from '../compose.ts';
import { tell } from '../tell.ts';

export const check: Command = {
  name: 'check',
  summary: 'read a Compose file as the devices will, with no network',
  operands: [{ name: 'COMPOSE.yaml', help: 'the Compose file of a release' }],
  options: { json: { help: 'print the manifest as it would stand on the ledger' } },
  examples: [
    ['classpad check examples/hello/compose.yaml', 'good: one line, exit code 0'],
    ['classpad check compose.yaml || exit 2', 'in CI: every problem with its line, exit code 2'],
  ],
  notes: [
    'A release is a Compose file in a documented subset. What would give a container power over the device (privileged, ' +
      "cap_add, host namespaces, devices, bind mounts, the engine's socket) is refused here and by every device.",
  ],
  async run(input, io) {
    const [file] = input.operands;
    const { manifest } = readCompose(file!);
    const bytes = encodeManifest(pinnedSomehow(manifest));
    const loose = imagesOf(manifest).filter((image) => !isPinned(image));
    if (loose.length > 0 && !input.has('json')) io.err(`named by tag, and pinned when it is proposed: ${loose.join(', ')}`);
    tell(
      input,
      io,
      `${file} is good: ${Object.keys(manifest.services).join(', ')}; ${bytes.length} bytes on the ledger`,
      manifest,
    );
    return 0;
  },
};
