import { parseAbi } from 'viem';

/** The Fleet contract as this command uses it. A test holds it against what the compiler made of the contract. */
export const fleetAbi = parseAbi([
  'struct Release { uint64 revision; uint8 phase; address proposer; uint64 proposedAt; uint64 startedAt; uint64 decidedAt; uint64 healthWindow; uint32 approvals; uint32 healthyVotes; uint32 unhealthyVotes; bytes32 manifestHash; }',
  'struct Device { address account; string name; uint64 enrolledAt; }',
  'function propose(bytes32 app, bytes content, uint64 healthWindow) returns (uint64 revision)',
  'function approve(bytes32 app, uint64 revision)',
  'function attest(bytes32 app, uint64 revision, bool healthy, string reason)',
  'function expire(bytes32 app)',
  'function enrol(address[] accounts, string[] names)',
  'function revoke(address device)',
  'function apps() view returns (bytes32[])',
  'function latest(bytes32 app) view returns (uint64)',
  'function active(bytes32 app) view returns (uint64)',
  'function rollingOut(bytes32 app) view returns (uint64)',
  'function release(bytes32 app, uint64 revision) view returns (Release)',
  'function manifest(bytes32 app, uint64 revision) view returns (bytes)',
  'function devices() view returns (Device[] list)',
  'function operators() view returns (address[])',
  'function threshold() view returns (uint32)',
  'function quorum() view returns (uint32)',
  'event DeviceEnrolled(address indexed device, string name, address indexed by)',
  'event DeviceRevoked(address indexed device, address indexed by)',
  'event Proposed(bytes32 indexed app, uint64 indexed revision, address indexed by, bytes32 manifestHash)',
  'event Approved(bytes32 indexed app, uint64 indexed revision, address indexed by, uint32 approvals, uint32 needed)',
  'event RollingOut(bytes32 indexed app, uint64 indexed revision, uint64 previous)',
  'event Attested(bytes32 indexed app, uint64 indexed revision, address indexed device, bool healthy, string reason)',
  'event Promoted(bytes32 indexed app, uint64 indexed revision, uint32 votes, uint32 quorum)',
  'event RolledBack(bytes32 indexed app, uint64 indexed revision, uint64 backTo, string why)',
  'event Superseded(bytes32 indexed app, uint64 indexed revision, uint64 by)',
  'error NotOperator(address account)',
  'error NotEnrolled(address device)',
  'error InvalidDevice(address device)',
  'error AlreadyEnrolled(address device, string name)',
  'error NameTaken(string name, address by)',
  'error InvalidName(string name)',
  'error DifferentLengths(uint256 devices, uint256 names)',
  'error ManifestEmpty()',
  'error ManifestTooLarge(uint256 size, uint256 limit)',
  'error InvalidHealthWindow(uint64 healthWindow, uint64 least, uint64 most)',
  'error AlreadyApproved(bytes32 app, uint64 revision, address operator)',
  'error StillRollingOut(bytes32 app, uint64 revision)',
  'error WrongPhase(bytes32 app, uint64 revision, uint8 phase)',
  'error AlreadyAttested(bytes32 app, uint64 revision, bool healthy)',
  'error ReasonTooLong(uint256 size, uint256 limit)',
  'error HealthWindowOver(bytes32 app, uint64 revision, uint64 endedAt)',
  'error HealthWindowOpen(bytes32 app, uint64 revision, uint64 endsAt)',
  'error NothingRollingOut(bytes32 app)',
]);

/** How a Fleet is made. */
export const constructorAbi = parseAbi(['constructor(address[] operators, uint32 threshold)']);

/** In the order of the contract's `Phase`. */
export const phases = ['none', 'proposed', 'rolling out', 'active', 'rolled back', 'superseded'] as const;
export const Phase = { none: 0, proposed: 1, rollingOut: 2, active: 3, rolledBack: 4, superseded: 5 } as const;
