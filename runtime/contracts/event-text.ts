import type { FleetEvent } from './fleet.ts';
import type { EventName } from './interface.ts';
import { logKindName } from './log-kinds.ts';

type Texts = { readonly [N in EventName]: (event: Extract<FleetEvent, { what: N }>) => string };

const texts: Texts = {
  DeviceEnrolled: ({ device, name }) => `${name} (${device}) is enrolled`,
  DeviceRevoked: ({ device }) => `${device} is revoked`,
  Proposed: ({ app, revision, by }) => `${app} revision ${revision} is proposed by ${by}`,
  Approved: ({ app, revision, approvals, needed }) => `${app} revision ${revision} has ${approvals} of ${needed} approvals`,
  RollingOut: ({ app, revision }) => `${app} revision ${revision} is rolling out`,
  Attested: ({ app, revision, device, healthy, reason }) =>
    `${device} finds ${app} revision ${revision} ${healthy ? 'healthy' : `unhealthy: ${reason}`}`,
  CameLate: ({ app, revision, device }) => `the vote of ${device} on ${app} revision ${revision} met the decision on its way`,
  Promoted: ({ app, revision, votes }) => `${app} revision ${revision} is active, by ${votes} votes`,
  RolledBack: ({ app, revision, backTo, why }) =>
    `${app} revision ${revision} is rolled back to ${backTo === 0 ? 'nothing' : `revision ${backTo}`}: ${why}`,
  ValidatorSet: ({ device, power }) =>
    power === 0 ? `${device} makes blocks no more` : `${device} makes blocks, with power ${power}`,
  Logged: ({ device, app, kind }) => `${device} logs ${logKindName(kind)}${app === '' ? '' : ` of ${app}`}`,
  Held: ({ app, revision, moment }) =>
    `${app} revision ${revision} is held by a policy from ${['starting', 'proceeding', 'ending'][moment] ?? 'going on'}`,
  Superseded: ({ app, revision, by }) => `${app} revision ${revision} is superseded by revision ${by}`,
};

/** What happened on the ledger, in one sentence. */
export function eventText(event: FleetEvent): string {
  return (texts[event.what] as (event: FleetEvent) => string)(event);
}
