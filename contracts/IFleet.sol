// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IFleetTypes} from "./IFleetTypes.sol";

/// What runs on a fleet, decided by M of N operators and judged by the devices themselves.
/// An app's name is a DNS label of at most 31 characters, left-aligned in a bytes32.
interface IFleet is IFleetTypes {
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

    /// Only the quorum enrols and invites, which is how a fleet begins, or one operator may, who then has a say in who judges
    /// releases. Where one approval is enough it makes no difference.
    function setEnrolment(bool byQuorum) external;

    /// Replaces all policies.
    function setPolicies(address[] calldata policies) external;

    /// Its votes on what is still undecided count no more.
    function revoke(address device) external;

    /// It leaves the juries of what is undecided: its targets may be others now.
    function relabel(address device, bytes32[] calldata labels) external;

    /// A device makes blocks under this Ed25519 key, with this voting power; power 0 ends that. Only enrolled devices; who is
    /// revoked makes none from then on. At most 64, and the last one cannot be taken away.
    function setValidator(address device, bytes32 key, uint64 power) external;

    /// Proposes a change of the fleet itself and approves it. Answers its number, from 1.
    function proposeAction(bytes calldata call) external returns (uint64 id);

    /// With enough approvals of those who are operators then it is done. No policy is asked. The approval is of this very call, by
    /// its Keccak-256: whoever showed another one to the operator gains nothing.
    function approveAction(uint64 id, bytes32 callHash) external;

    /// Proposes to go back to a revision that was active once: its manifest and labels become the next revision, which
    /// operators approve and devices ratify by their votes. The earlier one is named by its release hash as well.
    function rollback(bytes32 app, uint64 to, bytes32 releaseHash, uint64 healthWindow) external returns (uint64 revision);

    /// Decides again what a policy has held back. Anyone may call it; where there is still nothing to decide it is refused, so that
    /// who tries it beforehand need not send it.
    function settle(bytes32 app) external;

    /// Proposes the next revision of an app and approves it in the same breath. Answers the revision, from 1.
    /// Replaces the operator's earlier proposal for the app, if that has not started. Waits while another revision
    /// rolls out; where one approval is enough it would start at once, and is refused then instead. Refused is what does not
    /// say up front, by content, what it will run: see `fleet/Manifests.sol`.
    function propose(bytes32 app, bytes calldata manifest, uint64 healthWindow) external returns (uint64 revision);

    /// The same with labels of the targets, a canary, an expiry, and notes for people.
    function proposeWith(bytes32 app, bytes calldata manifest, Terms calldata terms, string calldata notes)
        external
        returns (uint64 revision);

    /// With enough approvals the release starts. Refused while another revision rolls out. The approval is of this very proposal with
    /// all its terms, by its release hash: whoever showed anything else to the operator gains nothing.
    function approve(bytes32 app, uint64 revision, bytes32 releaseHash) external;

    /// A juror's vote on the revision that is rolling out. It may change its mind until the vote is decided; what comes after
    /// that, or after the health window, counts no more and is no error, for devices cannot know what is on its way.
    /// Jurors are the canary, or all targets where there is none: as enrolled when it started, less those revoked since.
    /// More than half of them healthy promotes the release; once that can no longer be, it is rolled back. So of n jurors
    /// at most (n - 1) / 2 may be offline or lie without either forcing or blocking a decision.
    function attest(bytes32 app, uint64 revision, bool healthy, string calldata reason) external;

    /// Notes what a device has to say of itself or of an app, at most 1,024 bytes; only enrolled devices. The fleet keeps
    /// nothing of it but the event. Kinds are agreed among the devices: `runtime/contracts/log-kinds.ts`.
    function log(bytes32 app, uint64 revision, uint8 kind, bytes calldata data) external;

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

    /// What an approval of it is of: the Keccak-256 of what is answered here is its release hash.
    function proposal(bytes32 app, uint64 revision) external view returns (Proposal memory);

    /// The devices that try it first; none: all targets do.
    function canary(bytes32 app, uint64 revision) external view returns (address[] memory);

    /// How a device voted on a revision: 0 not, or it was revoked; 1 healthy; 2 unhealthy.
    function voteOf(bytes32 app, uint64 revision, address device) external view returns (uint8);

    /// Who may vote on a revision that has started, and how many votes decide.
    function jury(bytes32 app, uint64 revision) external view returns (uint32 voters, uint32 needed);

    function manifest(bytes32 app, uint64 revision) external view returns (bytes memory);

    function devices() external view returns (Device[] memory);

    /// Whether a device is enrolled now.
    function isEnrolled(address device) external view returns (bool);

    /// Those that make blocks, with their power.
    function validators() external view returns (Validator[] memory);

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
