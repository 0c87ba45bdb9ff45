// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRolloutPolicy} from "./IRolloutPolicy.sol";

/// What runs on a fleet, decided by M of N operators and judged by the devices themselves.
/// An app's name is a DNS label of at most 31 characters, left-aligned in a bytes32.
interface IFleet {
    enum Phase {
        None,
        Proposed, // waits for approvals
        RollingOut, // devices run it and vote
        Active, // a quorum found it healthy
        RolledBack, // a quorum found it unhealthy, or the health window ended without a decision
        Superseded // a later revision became active, or took its place before it started
    }

    struct Release {
        uint64 revision;
        Phase phase;
        address proposer;
        uint64 proposedAt; // seconds, block time
        uint64 startedAt; // when it began rolling out
        uint64 decidedAt; // when it became active or was rolled back
        uint64 healthWindow; // seconds it may roll out before the lack of a quorum rolls it back
        uint32 approvals;
        uint32 healthyVotes;
        uint32 unhealthyVotes;
        bytes32 manifestHash; // keccak256 of the canonical manifest bytes
    }

    /// Where a release goes, and who tries it first.
    struct Terms {
        uint64 healthWindow; // seconds
        uint64 expiresAt; // seconds, block time, from which on it cannot start; 0: never
        uint32 canary; // devices, or percent of the targets, that try it first; 0: all targets at once
        bool inPercent;
        bytes32[] labels; // `key=value`; a target carries every one of them. None: all devices
    }

    /// A change of the fleet itself, as a call of the fleet to itself.
    struct Action {
        address proposer;
        uint64 expiresAt; // seconds, block time
        uint32 approvals;
        bool isDone;
        bytes call;
    }

    /// What one device should run of one app now.
    struct Wanted {
        bytes32 app;
        uint64 revision;
        Phase phase;
        uint64 previous; // last healthy revision before it; 0: none
        bool voted; // whether this device has voted on it
        bytes manifest;
    }

    struct Device {
        address account;
        string name;
        uint64 enrolledAt;
    }

    event DeviceEnrolled(address indexed device, string name, address indexed by);
    event OperatorsSet(address[] operators, uint32 threshold);
    event ActionProposed(uint64 indexed id, address indexed by, bytes call);
    event ActionApproved(uint64 indexed id, address indexed by, uint32 approvals, uint32 needed);
    event ActionDone(uint64 indexed id);
    event EnrolmentSet(bool byQuorum);
    event PoliciesSet(address[] policies);
    event Invited(address indexed token, string name, address indexed by, uint64 expiresAt);
    event InvitationWithdrawn(address indexed token, address indexed by);
    event DeviceLabelled(address indexed device, bytes32[] labels);
    event DeviceRevoked(address indexed device, address indexed by);
    event Proposed(bytes32 indexed app, uint64 indexed revision, address indexed by, bytes32 manifestHash);
    event RollbackProposed(bytes32 indexed app, uint64 indexed revision, uint64 indexed to);
    event Held(bytes32 indexed app, uint64 indexed revision, address indexed policy, IRolloutPolicy.Moment moment);
    event Noted(bytes32 indexed app, uint64 indexed revision, string notes);
    event Approved(bytes32 indexed app, uint64 indexed revision, address indexed by, uint32 approvals, uint32 needed);
    event RollingOut(bytes32 indexed app, uint64 indexed revision, uint64 previous);
    event CanaryChosen(bytes32 indexed app, uint64 indexed revision, address[] devices);
    event Attested(bytes32 indexed app, uint64 indexed revision, address indexed device, bool healthy, string reason);
    event Promoted(bytes32 indexed app, uint64 indexed revision, uint32 votes, uint32 quorum);
    event RolledBack(bytes32 indexed app, uint64 indexed revision, uint64 backTo, string why);
    event Superseded(bytes32 indexed app, uint64 indexed revision, uint64 by);

    // Who may

    error NotOperator(address account);
    error NotEnrolled(address device);

    error OnlyByQuorum(); // propose it with proposeAction

    // Changing the fleet itself

    error NoAction(uint64 id);
    error ActionOver(uint64 id); // done, or expired
    error ActionApprovedAlready(uint64 id, address operator);
    error ActionTooLarge(uint256 size, uint256 limit);
    error TooManyPolicies(uint256 count, uint256 limit);
    error InvalidPolicy(address policy); // there is no contract
    error PolicyRefuses(address policy, bytes32 app, uint64 revision);
    error TooLittleGas(uint256 gas, uint256 needed); // for the policies to be asked

    // Setting up

    error InvalidToken(address token); // the zero address, or already posted
    error InvalidExpiry(uint64 expiresAt); // in the past
    error NotInvited(address token);
    error InvitationExpired(address token, uint64 expiresAt);
    error InvalidOperator(address account); // the zero address, or named twice
    error InvalidThreshold(uint32 threshold, uint256 operators); // 1 to the number of operators
    error TooManyOperators(uint256 count, uint256 limit);
    error InvalidDevice(address device); // the zero address
    error AlreadyEnrolled(address device, string name);
    error NameTaken(string name, address by);
    error InvalidName(string name); // not a DNS label: a-z, 0-9 and inner hyphens, at most 31 characters
    error DifferentLengths(uint256 devices, uint256 names);

    error InvalidLabel(bytes32 label); // not key=value of a-z, 0-9, hyphen, dot and underscore, at most 32 characters
    error TooManyLabels(uint256 count, uint256 limit);

    // Releasing

    error ManifestEmpty();
    error ManifestTooLarge(uint256 size, uint256 limit);
    error InvalidHealthWindow(uint64 healthWindow, uint64 least, uint64 most); // seconds
    error InvalidCanary(uint32 canary, uint32 limit);
    error NotesTooLong(uint256 size, uint256 limit);
    error ReleaseExpired(bytes32 app, uint64 revision, uint64 expiresAt);
    error AlreadyApproved(bytes32 app, uint64 revision, address operator);
    error StillRollingOut(bytes32 app, uint64 revision);
    error WrongPhase(bytes32 app, uint64 revision, Phase phase);

    // Voting

    error NotJuror(bytes32 app, uint64 revision, address device); // enrolled after its start, no target, or not of the canary
    error AlreadyAttested(bytes32 app, uint64 revision, bool healthy);
    error ReasonTooLong(uint256 size, uint256 limit);
    error HealthWindowOver(bytes32 app, uint64 revision, uint64 endedAt);
    error HealthWindowOpen(bytes32 app, uint64 revision, uint64 endsAt);
    error NothingRollingOut(bytes32 app);

    /// Enrols devices under their names; only operators.
    function enrol(address[] calldata devices, string[] calldata names) external;

    /// The same for one device that carries labels.
    function enrolLabelled(address device, string calldata name, bytes32[] calldata labels) external;

    /// Posts a one-time token: the address of a key that is handed to the device, which enrols itself by it, once.
    function invite(address token, string calldata name, bytes32[] calldata labels, uint64 expiresAt) external;

    /// Takes back a token that has not been used.
    function withdraw(address token) external;

    /// Enrols the caller by the token's signature of `keccak256(abi.encode("classpad join", chain id, fleet, caller))`.
    /// The signature names the caller, so whoever sees it on its way cannot use it.
    function join(uint8 v, bytes32 r, bytes32 s) external;

    // Only the fleet itself calls these: by `proposeAction` and as many approvals as a release needs.

    function setOperators(address[] calldata operators, uint32 threshold) external;

    /// From now on one operator may enrol and invite, or only the quorum.
    function setEnrolment(bool byQuorum) external;

    /// Replaces all policies.
    function setPolicies(address[] calldata policies) external;

    /// Its votes on what is still undecided count no more.
    function revoke(address device) external;

    /// It leaves the juries of what is undecided: its targets may be others now.
    function relabel(address device, bytes32[] calldata labels) external;

    /// Proposes a change of the fleet itself and approves it. Answers its number, from 1.
    function proposeAction(bytes calldata call) external returns (uint64 id);

    /// With enough approvals of those who are operators then it is done. No policy is asked.
    function approveAction(uint64 id) external;

    /// Proposes to go back to a revision that was active once: its manifest and labels become the next revision, which
    /// operators approve and devices ratify by their votes.
    function rollback(bytes32 app, uint64 to, uint64 healthWindow) external returns (uint64 revision);

    /// Decides again what a policy has held back. Anyone may call it.
    function settle(bytes32 app) external;

    /// Proposes the next revision of an app and approves it in the same breath. Answers the revision, from 1.
    /// Replaces the operator's earlier proposal for the app, if that has not started. Waits while another revision
    /// rolls out; where one approval is enough it would start at once, and is refused then instead.
    function propose(bytes32 app, bytes calldata manifest, uint64 healthWindow) external returns (uint64 revision);

    /// The same with labels of the targets, a canary, an expiry, and notes for people.
    function proposeWith(bytes32 app, bytes calldata manifest, Terms calldata terms, string calldata notes)
        external
        returns (uint64 revision);

    /// With enough approvals the release starts. Refused while another revision rolls out.
    function approve(bytes32 app, uint64 revision) external;

    /// A juror's vote on the revision that is rolling out. It may change its mind until the vote is decided.
    /// Jurors are the canary, or all targets where there is none: as enrolled when it started, less those revoked since.
    /// More than half of them healthy promotes the release; once that can no longer be, it is rolled back. So of n jurors
    /// at most (n - 1) / 2 may be offline or lie without either forcing or blocking a decision.
    function attest(bytes32 app, uint64 revision, bool healthy, string calldata reason) external;

    /// Rolls back a release whose health window has ended without a quorum. Anyone may call it. No policy prevents it.
    function expire(bytes32 app) external;

    function wanted(address device) external view returns (Wanted[] memory);

    function apps() external view returns (bytes32[] memory);

    /// Revisions of an app are 1 … latest.
    function latest(bytes32 app) external view returns (uint64);

    function release(bytes32 app, uint64 revision) external view returns (Release memory);

    /// The active revision; 0: none yet.
    function active(bytes32 app) external view returns (uint64);

    /// The revision that is rolling out; 0: none.
    function rollingOut(bytes32 app) external view returns (uint64);

    /// Where it goes; the health window is that of the release.
    function terms(bytes32 app, uint64 revision) external view returns (Terms memory);

    /// The devices that try it first; none: all targets do.
    function canary(bytes32 app, uint64 revision) external view returns (address[] memory);

    /// Who may vote on a revision that has started, and how many votes decide.
    function jury(bytes32 app, uint64 revision) external view returns (uint32 voters, uint32 needed);

    function manifest(bytes32 app, uint64 revision) external view returns (bytes memory);

    function devices() external view returns (Device[] memory);

    function action(uint64 id) external view returns (Action memory);

    /// Actions are 1 … actions().
    function actions() external view returns (uint64);

    function policies() external view returns (address[] memory);

    function enrolmentByQuorum() external view returns (bool);

    function labels(address device) external view returns (bytes32[] memory);

    function operators() external view returns (address[] memory);

    /// Approvals that start a release.
    function threshold() external view returns (uint32);

    /// More than half of the enrolled devices: the votes that decide a release for all of them.
    function quorum() external view returns (uint32);
}
