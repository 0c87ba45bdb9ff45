import { decodeEventLog, decodeFunctionData, type Hex, hexToString } from 'viem';
import { decodeLog, logKindName } from '../../runtime/contracts/log-kinds.ts';
import type { Address, Log } from '../../runtime/ports/index.ts';
import { fleetAbi } from '../fleet/abi.ts';
import { timeText } from '../values.ts';
import type { Checked } from './verify.ts';

/** One line of the trail: an event of the Fleet, or a transaction without one. */
export interface Row {
  readonly block: number;
  /** Seconds since 1970. */
  readonly timestamp: number;
  readonly transaction: string;
  readonly who: string;
  readonly what: string;
  readonly detail: string;
}

type Event = Extract<ReturnType<typeof decode>, object>;
type Name = Event['eventName'];
type Arguments<N extends Name> = Extract<Event, { eventName: N }>['args'];

function decode(log: Log) {
  try {
    const data = `0x${Buffer.from(log.data).toString('hex')}` as const;
    return decodeEventLog({ abi: fleetAbi, data, topics: log.topics as [Hex, ...Hex[]], strict: true });
  } catch {
    return undefined;
  }
}

const release = ({ app, revision }: { app: Hex; revision: bigint }) => `${hexToString(app, { size: 32 })} r${revision}`;

const labelText = (word: Hex) => hexToString(word, { size: 32 });

/** What each event says, in the order of a release's life. */
const details: { readonly [N in Name]: (args: Arguments<N>) => string } = {
  DeviceEnrolled: ({ name, device }) => `${name} is ${device.toLowerCase()}`,
  DeviceRevoked: ({ device }) => device.toLowerCase(),
  Proposed: (args) => `${release(args)}, release ${args.releaseHash}, manifest ${args.manifestHash}`,
  OperatorsSet: ({ operators, threshold }) => `${threshold} of ${operators.map((each) => each.toLowerCase()).join(', ')}`,
  ActionProposed: ({ id, call }) => `action ${id}: ${actionText(call)}`,
  ActionApproved: ({ id, approvals, needed }) => `action ${id}, ${approvals} of ${needed}`,
  ActionDone: ({ id }) => `action ${id}`,
  EnrolmentSet: ({ byQuorum }) => (byQuorum ? 'only the quorum enrols' : 'one operator may enrol'),
  PoliciesSet: ({ policies }) => policies.map((each) => each.toLowerCase()).join(', ') || 'no policies',
  Invited: ({ name, token, expiresAt }) => `${name} by the token ${token.toLowerCase()}, until ${timeText(expiresAt)}`,
  InvitationWithdrawn: ({ token }) => token.toLowerCase(),
  RollbackProposed: (args) => `${release(args)}, to what r${args.to} was`,
  Held: (args) => `${release(args)}, by the policy ${args.policy.toLowerCase()}`,
  DeviceLabelled: ({ device, labels }) => `${device.toLowerCase()} carries ${labels.map(labelText).join(', ') || 'no labels'}`,
  ValidatorSet: ({ device, key, power }) =>
    `${device.toLowerCase()} ${power === 0n ? 'makes blocks no more' : `makes blocks with power ${power}`}, key ${key}`,
  Logged: (args) => loggedText(args),
  Noted: (args) => `${release(args)}: ${args.notes}`,
  CanaryChosen: (args) => `${release(args)}, tried first by ${args.devices.map((device) => device.toLowerCase()).join(', ')}`,
  Approved: (args) => `${release(args)}, ${args.approvals} of ${args.needed}`,
  RollingOut: (args) => (args.previous === 0n ? release(args) : `${release(args)}, in the place of r${args.previous}`),
  Attested: (args) => `${release(args)} ${args.healthy ? 'healthy' : `unhealthy: ${args.reason || 'no reason given'}`}`,
  CameLate: (args) =>
    `${release(args)} ${args.healthy ? 'healthy' : 'unhealthy'}: it met the decision on its way and counts for nothing`,
  Promoted: (args) => `${release(args)} is active, with ${args.votes} votes of ${args.quorum} needed`,
  RolledBack: (args) => `${release(args)}, back to ${args.backTo === 0n ? 'nothing' : `r${args.backTo}`}: ${args.why}`,
  Superseded: (args) => `${release(args)}, by r${args.by}`,
};

/** `traffic of hello r2: errors 0, requests 12`. */
export function loggedText({
  app,
  revision,
  kind,
  data,
}: Pick<Arguments<'Logged'>, 'app' | 'revision' | 'kind' | 'data'>): string {
  const about = labelText(app) === '' ? '' : ` of ${release({ app, revision })}`;
  const fields = decodeLog(Buffer.from(data.slice(2), 'hex'));
  const words = fields && Object.entries(fields).map(([name, value]) => `${name} ${value}`);
  return `${logKindName(kind)}${about}: ${words?.join(', ') ?? `${data.length / 2 - 1} bytes that are no entry of ours`}`;
}

/** A call of the fleet to itself, in words: `revoke(0x…)`. */
export function actionText(data: Hex): string {
  try {
    const { functionName, args = [] } = decodeFunctionData({ abi: fleetAbi, data });
    const words = args.map((each) => (Array.isArray(each) ? `[${each.join(', ')}]` : String(each)));
    return `${functionName}(${words.join(', ')})`;
  } catch {
    return `a call of ${data.length / 2 - 1} bytes that the fleet does not know`;
  }
}

/** Turns checked blocks into lines. It learns the devices' names as they are enrolled. */
export function storyteller(fleet: Address, known: ReadonlyMap<string, string>): (block: Checked) => Row[] {
  const names = new Map(known);
  const nameOf = (address: string) => names.get(address.toLowerCase()) ?? address.toLowerCase();
  const learn = (log: Log) => {
    const event = decode(log);
    if (event?.eventName === 'DeviceEnrolled') names.set(event.args.device.toLowerCase(), event.args.name);
    return event;
  };
  return ({ number, timestamp, transactions, receipts }) =>
    transactions.flatMap((transaction, index): Row[] => {
      const place = { block: number, timestamp, transaction: transaction.hash };
      const { succeeded, logs, created } = receipts[index]!;
      const events = logs.filter(({ address }) => address === fleet).flatMap((log) => learn(log) ?? []);
      const who = nameOf(transaction.sender);
      if (events.length === 0) return [{ ...place, who, ...plain(transaction, { succeeded, created }, fleet) }];
      return events.map((event) => {
        const detail = details[event.eventName] as (args: unknown) => string;
        return { ...place, who, what: event.eventName, detail: detail(event.args) };
      });
    });
}

/** What was asked of the Fleet: `attest hello r2`. */
function callText(data: Uint8Array): string {
  try {
    const { functionName, args = [] } = decodeFunctionData({ abi: fleetAbi, data: `0x${Buffer.from(data).toString('hex')}` });
    const [app, revision] = args;
    const named = typeof app === 'string' && app.length === 66 ? ` ${hexToString(app as Hex, { size: 32 })}` : '';
    return `${functionName}${named}${named && typeof revision === 'bigint' ? ` r${revision}` : ''}`;
  } catch {
    return `a call of ${data.length} bytes to the Fleet`;
  }
}

function plain(
  { to, data }: Checked['transactions'][number],
  { succeeded, created }: { readonly succeeded: boolean; readonly created: Address | undefined },
  fleet: Address,
): Pick<Row, 'what' | 'detail'> {
  const made = created === fleet ? `the Fleet at ${created}` : `a contract at ${created}`;
  const target = to === undefined ? made : to === fleet ? callText(data) : to;
  if (!succeeded) return { what: 'Failed', detail: `${target}: refused by the contract, nothing changed` };
  return { what: to === undefined ? 'Created' : 'Called', detail: target };
}
