import { Agent } from 'node:http';

/** Connections to containers, kept open between requests. */
export interface Pool {
  /** That of one container: an address may belong to another one tomorrow. */
  of(containerId: string): Agent;
  /** Ends the idle connections of all other containers; those in use end with their request. */
  keep(containerIds: ReadonlySet<string>): void;
  close(): void;
}

/**
 * An idle connection is kept for less time than any common server keeps it (the shortest we know of is 2 s), so that none
 * closes just as the next request leaves: such a request could not be sent again.
 */
const IDLE_MS = 1_500;
const MOST_PER_CONTAINER = 512;
const MOST_IDLE = 32;

export function createPool(): Pool {
  const agents = new Map<string, Agent>();
  return {
    of(containerId) {
      const known = agents.get(containerId);
      if (known !== undefined) return known;
      const agent = new Agent({
        keepAlive: true,
        maxSockets: MOST_PER_CONTAINER,
        maxFreeSockets: MOST_IDLE,
        scheduling: 'lifo',
        timeout: IDLE_MS,
      });
      agents.set(containerId, agent);
      return agent;
    },
    keep(containerIds) {
      for (const [id, agent] of agents) {
        if (containerIds.has(id)) continue;
        agents.delete(id);
        endIdle(agent);
      }
    },
    close() {
      for (const agent of agents.values()) agent.destroy();
      agents.clear();
    },
  };
}

/** From now on it keeps none, either. */
function endIdle(agent: Agent): void {
  agent.maxFreeSockets = 0;
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
}
