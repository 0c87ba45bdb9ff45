import type { FoundTask, TaskState } from '../../runtime/ports/index.ts';
import { count, type Json, part, text } from '../docker/engine.ts';

/** The Swarm's thirteen states as the reconciler's five. */
const STATES: Readonly<Record<string, TaskState>> = {
  new: 'waiting',
  pending: 'waiting',
  assigned: 'waiting',
  accepted: 'waiting',
  preparing: 'waiting',
  ready: 'waiting',
  starting: 'starting',
  running: 'running',
  complete: 'ended',
  failed: 'ended',
  rejected: 'ended',
  shutdown: 'stopped',
  orphaned: 'stopped',
  remove: 'stopped',
};

/** One row of `GET /tasks`. */
export function readTask(json: Json, ownNode: string): FoundTask {
  const status = part(json['Status']);
  const container = part(status['ContainerStatus']);
  const containerId = text(container['ContainerID']);
  const error = text(status['Err']);
  return {
    id: text(json['ID']),
    slot: count(json['Slot']),
    isWanted: text(json['DesiredState']) === 'running' || text(json['DesiredState']) === 'ready',
    state: STATES[text(status['State'])] ?? 'waiting',
    isHere: text(json['NodeID']) === ownNode,
    ...(containerId !== '' && { containerId }),
    ...(container['ExitCode'] !== undefined && { exitCode: count(container['ExitCode']) }),
    ...(error !== '' && { error: error.replace(/[\p{Cc}\s]+/gu, ' ').slice(0, 300) }),
    sinceMs: Date.parse(text(status['Timestamp'])) || 0,
    createdAtMs: Date.parse(text(json['CreatedAt'])) || 0,
  };
}
