import { address, bytes, bytes32, type Codec, flag, label, list, text, tuple, whole } from './abi.ts';

/*
 * The Fleet contract as the device uses it. Selectors and topics are constants, so that nothing is hashed at start;
 * a test checks every row against the compiled contract.
 */

/** In the order of `IFleet.Phase`. */
export const phases = ['none', 'proposed', 'rolling out', 'active', 'rolled back', 'superseded'] as const;
export type Phase = (typeof phases)[number];

const uint64 = whole(64);
const uint32 = whole(32);

const phase: Codec<Phase> = {
  ...whole(8),
  write: (value) => whole(8).write(phases.indexOf(value)),
  read: (data, at) => phases[whole(8).read(data, at)] ?? 'none',
};

/** `IFleet.Wanted`. */
const wantedRow = tuple({ app: label, revision: uint64, phase, previous: uint64, voted: flag, manifest: bytes });

/** `IFleet.Release`; times are seconds of block time. */
const releaseRow = tuple({
  revision: uint64,
  phase,
  proposer: address,
  proposedAt: uint64,
  startedAt: uint64,
  decidedAt: uint64,
  healthWindow: uint64,
  approvals: uint32,
  healthyVotes: uint32,
  unhealthyVotes: uint32,
  backTo: uint64,
  manifestHash: bytes32,
  releaseHash: bytes32,
});

/** `IFleet.Device`. */
const deviceRow = tuple({ account: address, name: text, enrolledAt: uint64 });

/** `IFleet.Validator`. */
const validatorRow = tuple({ device: address, power: uint64, key: bytes32 });

interface Row<I, O> {
  readonly selector: string;
  readonly inputs: Codec<I>;
  readonly outputs: Codec<O>;
}

function row<I, O>(selector: string, inputs: Codec<I>, outputs: Codec<O>): Row<I, O> {
  return { selector, inputs, outputs };
}

const appRevision = tuple({ app: label, revision: uint64 });
const nothing = tuple({});

export const functions = {
  wanted: row('0x3cd55b48', tuple({ device: address }), tuple({ rows: list(wantedRow) })),
  apps: row('0xf7703379', nothing, tuple({ apps: list(label) })),
  rollingOut: row('0x96bda610', tuple({ app: label }), tuple({ revision: uint64 })),
  latest: row('0x79feb107', tuple({ app: label }), tuple({ revision: uint64 })),
  manifest: row('0x89d2bed5', appRevision, tuple({ manifest: bytes })),
  release: row('0x5ce8c9c4', appRevision, tuple({ release: releaseRow })),
  jury: row('0xcb745a15', appRevision, tuple({ voters: uint32, needed: uint32 })),
  operators: row('0xe673df8a', nothing, tuple({ operators: list(address) })),
  attest: row('0xa5c1e393', tuple({ app: label, revision: uint64, healthy: flag, reason: text }), nothing),
  expire: row('0xc6441798', tuple({ app: label }), nothing),
  settle: row('0x987757dd', tuple({ app: label }), nothing),
  log: row('0x8737f92e', tuple({ app: label, revision: uint64, kind: whole(8), data: bytes }), nothing),
  join: row('0x2c44522d', tuple({ v: whole(8), r: bytes32, s: bytes32 }), nothing),
  isEnrolled: row('0x94518fd8', tuple({ device: address }), tuple({ is: flag })),
  devices: row('0xc30a4d48', nothing, tuple({ devices: list(deviceRow) })),
  validators: row('0xca1e7819', nothing, tuple({ validators: list(validatorRow) })),
} as const;

/** The contract's reverts that a device can meet, with what they mean for it. */
export const errors = {
  NotEnrolled: ['0xd0e216c2', 'this device is not enrolled'],
  WrongPhase: ['0xc8d03984', 'the revision is no longer rolling out'],
  NotJuror: ['0xe0f56193', 'this device has no vote on it: it was enrolled later, or is not one of those that try it first'],
  AlreadyAttested: ['0xef048fa2', 'this vote is given already'],
  ReasonTooLong: ['0x1e421fbf', 'the reason is too long'],
  HealthWindowOpen: ['0x886f3e5f', 'its health window is still open'],
  NothingRollingOut: ['0xdc820de0', 'nothing is rolling out'],
  StillRollingOut: ['0x89d201a2', 'it is still rolling out'],
  TooLittleGas: ['0x9ee5fcf0', 'too little gas for the policies to be asked'],
  LogTooLong: ['0xc2cfaacd', 'the log entry is too long'],
  NotInvited: ['0xd3c6b2b7', 'the token was never given, has been used, or was withdrawn'],
  InvitationExpired: ['0xa34c3d43', 'the token has expired'],
  AlreadyEnrolled: ['0x1481ff8a', 'this device is enrolled already'],
  NameTaken: ['0x92c81d1c', "another device has the token's name"],
} as const satisfies Readonly<Record<string, readonly [selector: string, sentence: string]>>;

export type FleetErrorName = keyof typeof errors;

/** Indexed fields in their order, then the rest. */
interface EventRow<I extends object, D extends object> {
  readonly topic: string;
  readonly indexed: Codec<I>;
  readonly data: Codec<D>;
}

function event<I extends object, D extends object>(topic: string, indexed: Codec<I>, data: Codec<D>): EventRow<I, D> {
  return { topic, indexed, data };
}

const appRevisionBy = tuple({ app: label, revision: uint64, by: address });

export const events = {
  DeviceEnrolled: event(
    '0xb5d72537214e21f40cd445fc9c150dda36ab46f80174e4fe2cf0e94a87a2307e',
    tuple({ device: address, by: address }),
    tuple({ name: text }),
  ),
  DeviceRevoked: event(
    '0xdd8ca0d07f8d860459d040ce2a192a34442e88535b131641d6b29cb06808c52d',
    tuple({ device: address, by: address }),
    nothing,
  ),
  Proposed: event(
    '0x0f27bc246fdbca08873e41e63faa3e50a214b0760080756a743178207dc3c808',
    appRevisionBy,
    tuple({ manifestHash: bytes32, releaseHash: bytes32 }),
  ),
  Approved: event(
    '0x42cd6d0053d3480ea9fab02669c5659802720d9a1a78cec25163329e952c246e',
    appRevisionBy,
    tuple({ approvals: uint32, needed: uint32 }),
  ),
  RollingOut: event(
    '0x4aa5f48da9b437020857c6cffb84f866feeb5ec2e9f1c31f99e543a524ac493e',
    appRevision,
    tuple({ previous: uint64 }),
  ),
  Attested: event(
    '0xe915cea05b663b3fe48c1e14bbee052d0251254e8bb71a17674966c071e1dd6c',
    tuple({ app: label, revision: uint64, device: address }),
    tuple({ healthy: flag, reason: text }),
  ),
  CameLate: event(
    '0xc9ac9885702471779a3b35284b71cffd15b44992fda7c5c7cf63d5bddd73d901',
    tuple({ app: label, revision: uint64, device: address }),
    tuple({ healthy: flag }),
  ),
  Promoted: event(
    '0x7db9d5839974002641c6119dad6bf467a88350a29acb5c5735ec7862d8e5891e',
    appRevision,
    tuple({ votes: uint32, quorum: uint32 }),
  ),
  RolledBack: event(
    '0xa3c1ec44d536fa570df9579845090e479d84b731d4301b02a0f58f44d0ce8135',
    appRevision,
    tuple({ backTo: uint64, why: text }),
  ),
  Superseded: event('0x23c4d383b3b1ddef734caa7e2d99f1db7e833a5be999aefbd6892ff1253d6efd', appRevision, tuple({ by: uint64 })),
  ValidatorSet: event(
    '0xfdb618edea78a4fa656910975338e123fb5d9cdf6747203ab4cb9d643aeba8f3',
    tuple({ device: address, key: bytes32 }),
    tuple({ power: uint64 }),
  ),
  Logged: event(
    '0x76e41fda3e9eafc76e85465b8a653545568f53e4357588662c3717d7b1958ec5',
    tuple({ device: address, app: label, revision: uint64 }),
    tuple({ kind: whole(8), data: bytes }),
  ),
  Held: event(
    '0x2d00951f74d07222b7099b185079cba94fe97aeb62b6f8e36878ecaabded043e',
    tuple({ app: label, revision: uint64, policy: address }),
    tuple({ moment: whole(8) }),
  ),
} as const;

export type EventName = keyof typeof events;
