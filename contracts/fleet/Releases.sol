// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {IRolloutPolicy} from "../IRolloutPolicy.sol";
import {Chunks} from "./Chunks.sol";
import {Manifests} from "./Manifests.sol";
import {Names} from "./Names.sol";
import {Rollouts} from "./Rollouts.sol";

/// The releases: proposed and approved by operators, judged by devices. Revisions only ever start in ascending order.
abstract contract Releases is Rollouts {
    using EnumerableSet for EnumerableSet.Bytes32Set;
    using EnumerableSet for EnumerableSet.UintSet;

    uint256 internal constant MANIFEST_LIMIT = 65_536; // bytes
    uint256 internal constant REASON_LIMIT = 256; // bytes
    uint256 internal constant NOTES_LIMIT = 1024; // bytes
    uint64 internal constant HEALTH_WINDOW_LEAST = 1 seconds;
    uint64 internal constant HEALTH_WINDOW_MOST = 30 days;

    // What operators do

    function propose(bytes32 app, bytes calldata content, uint64 healthWindow) external onlyOperator returns (uint64 revision) {
        Terms memory terms_;
        terms_.healthWindow = healthWindow;
        revision = _draft(app, _store(content), 0, terms_, "");
        _approve(app, revision, msg.sender);
    }

    function proposeWith(bytes32 app, bytes calldata content, Terms calldata terms_, string calldata notes)
        external
        onlyOperator
        returns (uint64 revision)
    {
        if (bytes(notes).length > NOTES_LIMIT) revert NotesTooLong(bytes(notes).length, NOTES_LIMIT);
        revision = _draft(app, _store(content), 0, terms_, notes);
        _approve(app, revision, msg.sender);
    }

    function rollback(bytes32 app, uint64 to, bytes32 releaseHash, uint64 healthWindow)
        external
        onlyOperator
        returns (uint64 revision)
    {
        Release storage good = _apps[app].releases[to];
        // Of what has started, only what was active is superseded.
        if (good.phase != Phase.Superseded || good.startedAt == 0) revert WrongPhase(app, to, good.phase);
        if (good.releaseHash != releaseHash) revert OtherRelease(app, to, releaseHash);
        Terms memory terms_;
        (terms_.healthWindow, terms_.labels) = (healthWindow, _terms[app][to].labels);
        revision = _draft(app, good.manifestHash, to, terms_, "");
        emit RollbackProposed(app, revision, to);
        _approve(app, revision, msg.sender);
    }

    function approve(bytes32 app, uint64 revision, bytes32 releaseHash) external onlyOperator {
        _expireIfOver(app);
        App storage state = _apps[app];
        Phase phase = state.releases[revision].phase;
        if (phase != Phase.Proposed) revert WrongPhase(app, revision, phase);
        if (state.approved[revision][msg.sender]) revert AlreadyApproved(app, revision, msg.sender);
        if (state.releases[revision].releaseHash != releaseHash) revert OtherRelease(app, revision, releaseHash);
        if (state.rolling != 0) revert StillRollingOut(app, state.rolling);
        _approve(app, revision, msg.sender);
    }

    // What devices do

    function attest(bytes32 app, uint64 revision, bool healthy, string calldata reason) external {
        if (!_isEnrolled(msg.sender)) revert NotEnrolled(msg.sender);
        if (bytes(reason).length > REASON_LIMIT) revert ReasonTooLong(bytes(reason).length, REASON_LIMIT);
        App storage state = _apps[app];
        Release storage judged = state.releases[revision];
        if (judged.startedAt == 0) revert WrongPhase(app, revision, judged.phase);
        if (!_isJuror(app, revision, msg.sender)) revert NotJuror(app, revision, msg.sender);
        if (judged.phase == Phase.RollingOut && _isOver(judged)) _expire(app);
        if (judged.phase != Phase.RollingOut) {
            emit CameLate(app, revision, msg.sender, healthy);
            return;
        }
        Vote vote = healthy ? Vote.Healthy : Vote.Unhealthy;
        if (state.votes[revision][msg.sender] == vote) revert AlreadyAttested(app, revision, healthy);
        _count(state, revision, msg.sender, vote);
        emit Attested(app, revision, msg.sender, healthy, reason);
        _decide(app);
    }

    // What anyone does

    function expire(bytes32 app) external {
        uint64 revision = _apps[app].rolling;
        if (revision == 0) revert NothingRollingOut(app);
        Release storage judged = _apps[app].releases[revision];
        if (!_isOver(judged)) revert HealthWindowOpen(app, revision, judged.startedAt + judged.healthWindow);
        _expire(app);
    }

    function settle(bytes32 app) external {
        if (_apps[app].rolling == 0) revert NothingRollingOut(app);
        _expireIfOver(app);
        if (_apps[app].rolling != 0) _decide(app);
        if (_apps[app].rolling != 0) revert StillRollingOut(app, _apps[app].rolling);
    }

    // What anyone sees

    function wanted(address device) external view returns (Wanted[] memory list) {
        if (!_isEnrolled(device)) return list;
        bytes32[] memory names = _started.values();
        list = new Wanted[](names.length);
        uint256 count = 0;
        for (uint256 i = 0; i < names.length; i++) {
            App storage state = _apps[names[i]];
            uint64 revision = _wantedBy(device, names[i]);
            if (revision == 0) continue;
            uint64 previous = state.previous[revision];
            list[count++] = Wanted({
                app: names[i],
                revision: revision,
                phase: state.releases[revision].phase,
                previous: previous != 0 && _isTarget(names[i], previous, device) ? previous : 0,
                voted: state.votes[revision][device] != Vote.None,
                manifest: Chunks.read(_chunks[state.releases[revision].manifestHash])
            });
        }
        assembly ("memory-safe") {
            mstore(list, count)
        }
    }

    function apps() external view returns (bytes32[] memory) {
        return _names.values();
    }

    function latest(bytes32 app) external view returns (uint64) {
        return _apps[app].latest;
    }

    function active(bytes32 app) external view returns (uint64) {
        return _apps[app].active;
    }

    function rollingOut(bytes32 app) external view returns (uint64) {
        return _apps[app].rolling;
    }

    function release(bytes32 app, uint64 revision) external view returns (Release memory) {
        return _apps[app].releases[revision];
    }

    function proposal(bytes32 app, uint64 revision) external view returns (Proposal memory) {
        return _proposal(app, revision);
    }

    function canary(bytes32 app, uint64 revision) external view returns (address[] memory) {
        return _trials[app][revision].canary;
    }

    function jury(bytes32 app, uint64 revision) external view returns (uint32 voters, uint32 needed) {
        return _jury(app, revision);
    }

    function voteOf(bytes32 app, uint64 revision, address device) external view returns (uint8) {
        return uint8(_apps[app].votes[revision][device]);
    }

    function manifest(bytes32 app, uint64 revision) external view returns (bytes memory) {
        return Chunks.read(_chunks[_apps[app].releases[revision].manifestHash]);
    }

    /// Of an app that has started: what rolls out where the device tries it, else what is active where it is a target.
    function _wantedBy(address device, bytes32 app) private view returns (uint64) {
        App storage state = _apps[app];
        if (state.rolling != 0 && _tries(app, state.rolling, device)) return state.rolling;
        return state.active != 0 && _isTarget(app, state.active, device) ? state.active : 0;
    }

    // Nothing → Proposed

    function _draft(bytes32 app, bytes32 manifestHash, uint64 backTo, Terms memory terms_, string memory notes)
        private
        returns (uint64 revision)
    {
        if (!Names.isLabel(app)) revert InvalidName(Names.toString(app));
        uint64 healthWindow = terms_.healthWindow;
        if (healthWindow < HEALTH_WINDOW_LEAST || healthWindow > HEALTH_WINDOW_MOST) {
            revert InvalidHealthWindow(healthWindow, HEALTH_WINDOW_LEAST, HEALTH_WINDOW_MOST);
        }
        _names.add(app);
        _expireIfOver(app);
        App storage state = _apps[app];
        revision = ++state.latest;
        _replaceOwnProposal(app, msg.sender, revision);
        Release storage made = state.releases[revision];
        made.revision = revision;
        made.phase = Phase.Proposed;
        made.proposer = msg.sender;
        made.proposedAt = uint64(block.timestamp);
        made.healthWindow = healthWindow;
        made.backTo = backTo;
        made.manifestHash = manifestHash;
        state.open.add(revision);
        _setTerms(app, revision, terms_);
        _notes[app][revision] = notes;
        made.releaseHash = keccak256(abi.encode(_proposal(app, revision)));
        emit Proposed(app, revision, msg.sender, manifestHash, made.releaseHash);
        if (bytes(notes).length > 0) emit Noted(app, revision, notes);
    }

    /// What an approval is of, as it is stored. Without such a revision nothing but where it would be.
    function _proposal(bytes32 app, uint64 revision) private view returns (Proposal memory) {
        Release storage made = _apps[app].releases[revision];
        return Proposal({
            chain: block.chainid,
            fleet: address(this),
            app: app,
            revision: revision,
            proposer: made.proposer,
            backTo: made.backTo,
            manifestHash: made.manifestHash,
            terms: _terms[app][revision],
            notes: _notes[app][revision]
        });
    }

    // Proposed → RollingOut

    function _approve(bytes32 app, uint64 revision, address operator) private {
        App storage state = _apps[app];
        state.approved[revision][operator] = true;
        uint32 approvals = _approvals(state, revision);
        state.releases[revision].approvals = approvals;
        emit Approved(app, revision, operator, approvals, _needed());
        if (approvals >= _needed()) _start(app, revision);
    }

    /// Counted anew over those who are operators now.
    function _approvals(App storage state, uint64 revision) private view returns (uint32 count) {
        address[] memory accounts = _operatorAccounts();
        for (uint256 i = 0; i < accounts.length; i++) if (state.approved[revision][accounts[i]]) count++;
    }

    function _start(bytes32 app, uint64 revision) private {
        App storage state = _apps[app];
        if (state.rolling != 0) revert StillRollingOut(app, state.rolling);
        _demandUnexpired(app, revision);
        address refuser = _refuser(IRolloutPolicy.Moment.Start, app, revision);
        if (refuser != address(0)) revert PolicyRefuses(refuser, app, revision);
        state.open.remove(revision);
        _supersedeOlder(app, revision);
        state.rolling = revision;
        state.previous[revision] = state.active;
        state.releases[revision].phase = Phase.RollingOut;
        state.releases[revision].startedAt = uint64(block.timestamp);
        _started.add(app);
        _rolling.add(app);
        emit RollingOut(app, revision, state.active);
        _choose(app, revision);
    }

    function _replaceOwnProposal(bytes32 app, address operator, uint64 by) private {
        uint256[] memory open = _apps[app].open.values();
        for (uint256 i = 0; i < open.length; i++) {
            if (_apps[app].releases[uint64(open[i])].proposer == operator) _supersede(app, uint64(open[i]), by);
        }
    }

    function _supersedeOlder(bytes32 app, uint64 by) private {
        uint256[] memory open = _apps[app].open.values();
        for (uint256 i = 0; i < open.length; i++) if (open[i] < by) _supersede(app, uint64(open[i]), by);
    }

    function _store(bytes calldata content) private returns (bytes32 hash) {
        if (content.length == 0) revert ManifestEmpty();
        if (content.length > MANIFEST_LIMIT) revert ManifestTooLarge(content.length, MANIFEST_LIMIT);
        (Manifests.Fault fault, uint256 from, uint256 to) = Manifests.check(content);
        if (fault == Manifests.Fault.NoManifest) revert NotAManifest();
        if (fault == Manifests.Fault.NotPinned) revert ImageNotPinned(string(content[from:to]));
        hash = keccak256(content);
        if (_chunks[hash].length == 0) _chunks[hash] = Chunks.write(content);
    }
}
