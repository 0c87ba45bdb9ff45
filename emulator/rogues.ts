import { liars } from './liars.ts';

/**
 * Firmware that does what it should not. Each is a script that runs in the device after the firmware's own and before its boot:
 * for scenarios, for tests of the emulator's walls, and to see whether the simulator finds a planted bug.
 */
export const rogues: Readonly<Record<string, string>> = {
  leak: whileRunning(
    'const kept = []; const leak = () => { kept.push(new Uint8Array(1 << 20).fill(1)); ports.clock.after(20, leak); };',
    'leak();',
  ),
  spin: whileRunning('', 'for (;;) {}'),
  /** Inside one step of the machine, where no budget reaches. */
  'spin-inside': whileRunning('', 'Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);'),
  recurse: whileRunning('const deeper = (n) => deeper(n + 1) + 1;', 'deeper(0);'),
  flood: whileRunning('', "for (;;) ports.log.write('debug', 'flood');"),
  'flood-network': whileRunning(
    '',
    'for (;;) for (const peer of ports.network.peers()) ports.network.send(peer, new Uint8Array(100000));',
  ),
  ...Object.fromEntries(Object.entries(liars).map(([name, body]) => [name, wrapped(body)])),
  /** A planted bug: a transaction that a client was told is taken is not on the disk, and a power cut loses it. */
  'forgets-transactions': wrapped(`
    const write = (entries) => {
      const kept = entries.filter(([key, value]) => !(key.startsWith('pool/') && value));
      if (kept.length > 0) ports.store.write(kept);
    };
    return boot({ ...ports, store: { ...ports.store, write } }, config);`),
  /** A planted bug: what is to be removed stays, so that two revisions run side by side. */
  'removes-nothing': wrapped(`
    return boot({ ...ports, containers: { ...ports.containers, stop: async () => {}, remove: async () => {} } }, config);`),
};

/** Boots as always, and misbehaves two seconds later, once its neighbours are busy. */
function whileRunning(before: string, act: string): string {
  return wrapped(`${before} ports.clock.after(2000, () => { ${act} }); return boot(ports, config);`);
}

function wrapped(body: string): string {
  return `{ const { boot, ...rest } = classpad; classpad = { ...rest, boot: (ports, config) => { ${body} } }; }`;
}
