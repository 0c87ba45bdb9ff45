import { BaseError, ContractFunctionRevertedError, HttpRequestError, hexToString, RpcRequestError, TimeoutError } from 'viem';
import { Exit, Failure } from './command.ts';
import { phases } from './fleet/abi.ts';
import { systemReason } from './system-error.ts';
import { inWords, timeText } from './values.ts';

export interface Explanation {
  readonly sentence: string;
  readonly exitCode: number;
}

/** A sentence for whatever went wrong, and the exit code. */
export function explain(error: unknown): Explanation {
  if (error instanceof Failure) return { sentence: error.message, exitCode: error.exitCode };
  if (!(error instanceof BaseError)) return { sentence: systemSentence(error), exitCode: Exit.failed };
  for (const [kind, sentence] of rows) {
    const cause = error.walk((each) => each instanceof kind);
    if (cause instanceof kind) return { sentence: sentence(cause as never), exitCode: Exit.failed };
  }
  return { sentence: error.shortMessage, exitCode: Exit.failed };
}

type Kind = abstract new (...args: never[]) => Error;

/** What viem reports, the most telling kind first. */
const rows: readonly (readonly [kind: Kind, sentence: (error: never) => string])[] = [
  [ContractFunctionRevertedError, refusalSentence],
  [TimeoutError, (error: TimeoutError) => `${addressIn(error)} did not answer in time`],
  [HttpRequestError, httpSentence],
  [RpcRequestError, (error: RpcRequestError) => `the node refused: ${error.details}`],
];

function addressIn(error: BaseError): string {
  return (error as { url?: string }).url ?? 'the node';
}

function httpSentence(error: HttpRequestError): string {
  if (error.status) return `${error.url} answered HTTP ${error.status}; is this the JSON-RPC address of a node?`;
  if (/fetch failed|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ECONNRESET/.test(`${error.details}`)) {
    return `nothing answers at ${error.url}; start a fleet with: npm start, or give --rpc URL`;
  }
  return `${error.url} does not speak JSON-RPC: ${error.details}`;
}

function systemSentence(error: unknown): string {
  if (error instanceof TypeError || error instanceof SyntaxError || error instanceof RangeError) {
    return `something unexpected: ${error.message}. Either the node answers nonsense or classpad is at fault; CLASSPAD_DEBUG=1 shows where`;
  }
  const { path } = error as NodeJS.ErrnoException;
  return path ? `${path}: ${systemReason(error)}` : systemReason(error);
}

function refusalSentence({ data, reason, shortMessage }: ContractFunctionRevertedError): string {
  const sentence = data && refusals[data.errorName];
  if (sentence) return sentence(...(data.args ?? []));
  return reason ? `the contract refused: ${reason}` : `the contract refused: ${shortMessage}`;
}

const app = (word: unknown) => hexToString(word as `0x${string}`, { size: 32 });

/** What the Fleet refuses, and what to do about it. */
const refusals: Readonly<Record<string, (...args: readonly unknown[]) => string>> = {
  NotOperator: (account) => `${account} is no operator of this fleet; sign with an operator's key`,
  NotEnrolled: (device) => `${device} is not enrolled in this fleet`,
  InvalidName: (name) => `"${name}" is no name; use a-z, 0-9 and inner hyphens, at most 31 characters`,
  InvalidDevice: (account) => `${account} cannot be a device`,
  AlreadyEnrolled: (device, name) => `${device} is in the fleet already, as ${name}`,
  NameTaken: (name, by) => `the name ${name} is taken by ${by}`,
  InvalidKey: (key) => `${key} is no key for a validator: zero, or another one's`,
  InvalidPower: (power, limit) => `a power of ${power} is too much; a validator has at most ${limit}`,
  TooManyValidators: (count, limit) => `${count} validators are too many; there can be ${limit}`,
  NotValidator: (device) => `${device} makes no blocks`,
  LastValidator: (device) =>
    `${device} is the last validator; without it nothing could be decided any more, so set another one first`,
  LogTooLong: (size, limit) => `the log entry has ${size} bytes; the ledger takes at most ${limit}`,
  ManifestEmpty: () => 'the manifest is empty',
  NotAManifest: () => 'this is no manifest: the ledger takes only canonical ones that begin with the images they run',
  ImageNotPinned: (image) => `the image ${image} is not pinned; the ledger takes images by digest or by id only`,
  ManifestTooLarge: (size, limit) => `the manifest has ${size} bytes; the ledger takes at most ${limit}`,
  InvalidHealthWindow: (given, least, most) =>
    `a health window of ${given} s does not fit; it is from ${inWords(Number(least))} to ${inWords(Number(most))}`,
  OnlyByQuorum: () => 'one operator alone may not do that in this fleet; it takes as many approvals as a release',
  NoAction: (id) => `there is no action ${id}`,
  ActionOver: (id) => `action ${id} is done or expired`,
  ActionApprovedAlready: (id, operator) => `${operator} has approved action ${id} already`,
  OtherAction: (id) => `action ${id} is not the one that this node showed; nothing was approved, ask another node`,
  ActionTooLarge: (size, limit) => `the action has ${size} bytes; the ledger takes at most ${limit}`,
  TooManyPolicies: (count, limit) => `${count} policies are too many; there can be ${limit}`,
  InvalidPolicy: (policy) => `there is no contract at ${policy}`,
  PolicyRefuses: (policy, name, revision) =>
    `the policy at ${policy} does not let ${app(name)} r${revision} start now; nothing changed, approve it again when it may`,
  TooLittleGas: (gas, needed) => `${gas} gas left are too little to ask a policy; ${needed} are needed`,
  InvalidToken: (token) => `the token ${token} was posted before; make another`,
  InvalidExpiry: (expiresAt) => `the token would have expired at ${timeText(Number(expiresAt))}`,
  NotInvited: (token) => `the token ${token} was never given, has been used, or was withdrawn; ask an operator for another`,
  InvitationExpired: (token, expiresAt) => `the token ${token} expired at ${timeText(Number(expiresAt))}; ask for another`,
  InvalidOperator: (account) => `${account} cannot be an operator, or is named twice`,
  InvalidThreshold: (threshold, count) => `${threshold} approvals of ${count} operators cannot be; it is from 1 to their number`,
  TooManyOperators: (count, limit) => `${count} operators are too many; there can be ${limit}`,
  InvalidLabel: (label) =>
    `"${app(label)}" is no label; write key=value with a-z, 0-9, hyphen, dot and underscore, at most 32 characters`,
  TooManyLabels: (count, limit) => `${count} labels are too many; there can be ${limit}`,
  InvalidCanary: (canary, limit) => `a canary of ${canary} does not fit; it is at most ${limit}`,
  NotesTooLong: (size, limit) => `the notes have ${size} bytes; the ledger takes at most ${limit}`,
  ReleaseExpired: (name, revision, expiresAt) =>
    `${app(name)} r${revision} expired at ${timeText(Number(expiresAt))} and can no longer start; propose it anew`,
  NotJuror: (name, revision, device) => `${device} has no vote on ${app(name)} r${revision}`,
  AlreadyApproved: (name, revision, operator) => `${operator} has approved ${app(name)} r${revision} already`,
  OtherRelease: (name, revision) =>
    `${app(name)} r${revision} is another release than this node showed; nothing was approved, ask another node`,
  StillRollingOut: (name, revision) => `${app(name)} r${revision} is still rolling out; wait until it is decided`,
  WrongPhase: (name, revision, phase) =>
    phase === 0
      ? `${app(name)} has no revision ${revision}`
      : `${app(name)} r${revision} is ${phases[Number(phase)]}; only a proposed revision can be approved, and only one that was active be gone back to`,
  HealthWindowOpen: (name, revision, endsAt) => `${app(name)} r${revision} may roll out until ${timeText(Number(endsAt))}`,
  NothingRollingOut: (name) => `nothing of ${app(name)} is rolling out`,
};
