import type { Command } from '../command.ts';
import { action } from './action.ts';
import { approve } from './approve.ts';
import { audit } from './audit.ts';
import { check } from './check.ts';
import { cluster } from './cluster.ts';
import { deploy } from './deploy.ts';
import { diff } from './diff.ts';
import { emulate } from './emulate.ts';
import { enrol } from './enrol.ts';
import { evm } from './evm.ts';
import { firmware } from './firmware.ts';
import { flash } from './flash.ts';
import { history } from './history.ts';
import { init } from './init.ts';
import { invite } from './invite.ts';
import { keys } from './keys.ts';
import { label } from './label.ts';
import { logs } from './logs.ts';
import { node } from './node.ts';
import { operators } from './operators.ts';
import { policy } from './policy.ts';
import { propose } from './propose.ts';
import { requests } from './requests.ts';
import { revoke } from './revoke.ts';
import { rollback } from './rollback.ts';
import { secret } from './secret.ts';
import { status } from './status.ts';
import { exportCommand, importCommand } from './stick.ts';
import { validators } from './validators.ts';
import { verify } from './verify.ts';

/** In the order of the help. */
export const commands: readonly Command[] = [
  check,
  deploy,
  propose,
  approve,
  rollback,
  status,
  history,
  diff,
  logs,
  requests,
  audit,
  verify,
  init,
  invite,
  enrol,
  revoke,
  label,
  secret,
  exportCommand,
  importCommand,
  action,
  operators,
  validators,
  policy,
  keys,
  node,
  cluster,
  emulate,
  firmware,
  flash,
  evm,
];
