import type { FleetEvent } from './fleet.ts';
import type { EventName } from './interface.ts';

type Texts = { readonly [N in EventName]: (event: Extract<FleetEvent, { what: N }>) => string };

const texts: Texts = {
  DeviceEnrolled: ({ device, name }) => `${name} (${device}) is enrolled`,
  DeviceRevoked: ({ device }) => `${device} is revoked`,
  Proposed: ({ app, revision, by }) => `${app} revision ${revision} is proposed by ${by}`,
  Approved: ({ app, revision, approvals, needed }) => `${app} revision ${revision} has ${approvals} of ${needed} approvals`,
  RollingOut: ({ app, revision }) => `${app} revision ${revision} is rolling out`,
  Attested: ({ app, revision, device, healthy, reason }) =>
    `${device} finds ${app} revision ${revision} ${healthy ? 'healthy' : `unhealthy: ${reason}`}`,
  Promoted: ({ app, revision, votes }) => `${app} revision ${revision} is active, by ${votes} votes`,
  RolledBack: ({ app, revision, backTo, why }) =>
    `${app} revision ${revision} is rolled back to ${backTo === 0 ? 'nothing' : `revision ${backTo}`}: ${why}`,
  Superseded: ({ app, revision, by }) => `${app} revision ${revision} is superseded by revision ${by}`,
};

/** What happened on the ledger, in one sentence. */
export function eventText(event: FleetEvent): string {
  return (texts[event.what] as (event: FleetEvent) => string)(event);
}
