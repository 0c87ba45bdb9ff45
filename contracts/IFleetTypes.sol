// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRolloutPolicy} from "./IRolloutPolicy.sol";

/// What a fleet speaks of: its structs, its events, its refusals.
interface IFleetTypes {
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
        uint64 backTo; // the earlier revision that it repeats; 0: none
        bytes32 manifestHash; // keccak256 of the canonical manifest bytes
        bytes32 releaseHash; // what an approval names: keccak256(abi.encode(proposal))
    }

    /// Where a release goes, and who tries it first.
    struct Terms {
        uint64 healthWindow; // seconds
        uint64 expiresAt; // seconds, block time, from which on it cannot start; 0: never
        uint32 canary; // devices, or percent of the targets, that try it first; 0: all targets at once
        bool inPercent;
        bytes32[] labels; // `key=value`; a target carries every one of them. None: all devices
    }

    /// All that an approval is of, and nothing that changes afterwards. `runtime/contracts/proposal.ts` encodes the same.
    struct Proposal {
        uint256 chain;
        address fleet;
        bytes32 app;
        uint64 revision;
        address proposer;
        uint64 backTo;
        bytes32 manifestHash;
        Terms terms;
        string notes; // for people
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

    /// A device that makes blocks, where the ledger is held by several.
    struct Validator {
        address device;
        uint64 power;
        bytes32 key; // Ed25519
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
    /// Power 0: it makes blocks no more.
    event ValidatorSet(address indexed device, bytes32 indexed key, uint64 power);
    event Logged(address indexed device, bytes32 indexed app, uint64 indexed revision, uint8 kind, bytes data);
    event Proposed(
        bytes32 indexed app, uint64 indexed revision, address indexed by, bytes32 manifestHash, bytes32 releaseHash
    );
    event RollbackProposed(bytes32 indexed app, uint64 indexed revision, uint64 indexed to);
    event Held(bytes32 indexed app, uint64 indexed revision, address indexed policy, IRolloutPolicy.Moment moment);
    event Noted(bytes32 indexed app, uint64 indexed revision, string notes);
    event Approved(bytes32 indexed app, uint64 indexed revision, address indexed by, uint32 approvals, uint32 needed);
    event RollingOut(bytes32 indexed app, uint64 indexed revision, uint64 previous);
    event CanaryChosen(bytes32 indexed app, uint64 indexed revision, address[] devices);
    event Attested(bytes32 indexed app, uint64 indexed revision, address indexed device, bool healthy, string reason);
    /// A vote that met the decision on its way. It counts for nothing.
    event CameLate(bytes32 indexed app, uint64 indexed revision, address indexed device, bool healthy);
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
    error OtherAction(uint64 id, bytes32 callHash); // the one approved
    error ActionTooLarge(uint256 size, uint256 limit);
    error TooManyPolicies(uint256 count, uint256 limit);
    error InvalidPolicy(address policy); // there is no contract
    error PolicyRefuses(address policy, bytes32 app, uint64 revision);
    error TooLittleGas(uint256 gas, uint256 needed); // for the policies to be asked

    // Setting up

    error InvalidToken(address token); // the zero address, already posted, or used once
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

    error InvalidKey(bytes32 key); // zero, or another validator's
    error InvalidPower(uint64 power, uint64 limit);
    error TooManyValidators(uint256 count, uint256 limit);
    error NotValidator(address device);
    error LastValidator(address device); // without any nobody could decide anything any more; set another first
    error LogTooLong(uint256 size, uint256 limit);

    error InvalidLabel(bytes32 label); // not key=value of a-z, 0-9, hyphen, dot and underscore, at most 32 characters
    error TooManyLabels(uint256 count, uint256 limit);

    // Releasing

    error ManifestEmpty();
    error NotAManifest(); // not canonical, or it does not begin with what it runs
    error ImageNotPinned(string image); // name@sha256:… or an image id
    error ManifestTooLarge(uint256 size, uint256 limit);
    error InvalidHealthWindow(uint64 healthWindow, uint64 least, uint64 most); // seconds
    error InvalidCanary(uint32 canary, uint32 limit);
    error NotesTooLong(uint256 size, uint256 limit);
    error ReleaseExpired(bytes32 app, uint64 revision, uint64 expiresAt);
    error AlreadyApproved(bytes32 app, uint64 revision, address operator);
    error OtherRelease(bytes32 app, uint64 revision, bytes32 releaseHash); // the one named, which it is not
    error StillRollingOut(bytes32 app, uint64 revision);
    error WrongPhase(bytes32 app, uint64 revision, Phase phase);

    // Voting

    error NotJuror(bytes32 app, uint64 revision, address device); // enrolled after its start, no target, or not of the canary
    error AlreadyAttested(bytes32 app, uint64 revision, bool healthy);
    error ReasonTooLong(uint256 size, uint256 limit);
    error HealthWindowOpen(bytes32 app, uint64 revision, uint64 endsAt);
    error NothingRollingOut(bytes32 app);
}
