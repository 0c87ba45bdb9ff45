/** Where the peer is that measurements and comparisons stand beside: anvil, from npm's @foundry-rs/anvil. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import { dirname, join } from 'node:path';

/** The path of the binary, or `undefined` where the optional package is not installed. */
export function findAnvil(): string | undefined {
  try {
    const wrapper = createRequire(import.meta.url).resolve('@foundry-rs/anvil/package.json');
    const cpu = process.arch === 'x64' ? 'amd64' : process.arch;
    const binary = join(dirname(wrapper), '..', `anvil-${process.platform}-${cpu}`, 'bin/anvil');
    return existsSync(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}

/** A port that nobody listened on a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
