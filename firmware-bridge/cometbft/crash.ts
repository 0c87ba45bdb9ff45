import { existsSync, readFileSync, rmSync } from 'node:fs';
import type { AbciServerOptions } from './abci-server.ts';

/**
 * For tests of crashes: where `CLASSPAD_CRASH_FILE` names a file that says `before commit`, `after finalizeBlock` or
 * `answered prepareProposal`, the process ends at that step of the engine's next request as if the power went.
 */
export function crashPoints(env: NodeJS.ProcessEnv): Pick<AbciServerOptions, 'step'> {
  const file = env['CLASSPAD_CRASH_FILE'];
  if (!file) return {};
  return {
    step(at, verb) {
      if (!existsSync(file) || readFileSync(file, 'utf8').trim() !== `${at} ${verb}`) return;
      rmSync(file);
      process.kill(process.pid, 'SIGKILL');
    },
  };
}
