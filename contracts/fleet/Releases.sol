// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {Chunks} from "./Chunks.sol";
import {Devices} from "./Devices.sol";
import {Names} from "./Names.sol";

/// The releases: proposed and approved by operators, judged by devices.
/// Of one app at most one revision is active and at most one rolls out. Revisions only ever start in ascending order.
abstract contract Releases is Devices {
    using EnumerableSet for EnumerableSet.Bytes32Set;
    using EnumerableSet for EnumerableSet.UintSet;

    enum Vote {
        None,
        Healthy,
        Unhealthy
    }

    struct App {
        uint64 latest;
        uint64 active; // 0: none
        uint64 rolling; // 0: none
        EnumerableSet.UintSet open; // revisions that are Proposed, at most one per operator
        mapping(uint64 revision => Release) releases;
        mapping(uint64 revision => uint64) previous; // what was active when it started
        mapping(uint64 revision => mapping(address operator => bool)) approved;
        mapping(uint64 revision => mapping(address device => Vote)) votes;
    }

    uint256 internal constant MANIFEST_LIMIT = 65_536; // bytes
    uint256 internal constant REASON_LIMIT = 256; // bytes
    uint64 internal constant HEALTH_WINDOW_LEAST = 1 seconds;
    uint64 internal constant HEALTH_WINDOW_MOST = 30 days;

    EnumerableSet.Bytes32Set private _names;
    EnumerableSet.Bytes32Set private _started; // apps of which some revision has rolled out
    EnumerableSet.Bytes32Set private _rolling; // apps of which some revision is rolling out
    mapping(bytes32 app => App) private _apps;
    mapping(bytes32 manifestHash => address[]) private _chunks;

    // What operators do

    function propose(bytes32 name, bytes calldata content, uint64 healthWindow) external onlyOperator returns (uint64 revision) {
        if (!Names.isLabel(name)) revert InvalidName(Names.toString(name));
        if (healthWindow < HEALTH_WINDOW_LEAST || healthWindow > HEALTH_WINDOW_MOST) {
            revert InvalidHealthWindow(healthWindow, HEALTH_WINDOW_LEAST, HEALTH_WINDOW_MOST);
        }
        bytes32 manifestHash = _store(content);
        _names.add(name);
        _expireIfOver(name);
        App storage app = _apps[name];
        revision = ++app.latest;
        _replaceOwnProposal(name, msg.sender, revision);
        app.releases[revision] = Release({
            revision: revision,
            phase: Phase.Proposed,
            proposer: msg.sender,
            proposedAt: uint64(block.timestamp),
            startedAt: 0,
            decidedAt: 0,
            healthWindow: healthWindow,
            approvals: 0,
            healthyVotes: 0,
            unhealthyVotes: 0,
            manifestHash: manifestHash
        });
        app.open.add(revision);
        emit Proposed(name, revision, msg.sender, manifestHash);
        _approve(name, revision, msg.sender);
    }

    function approve(bytes32 name, uint64 revision) external onlyOperator {
        _expireIfOver(name);
        App storage app = _apps[name];
        Phase phase = app.releases[revision].phase;
        if (phase != Phase.Proposed) revert WrongPhase(name, revision, phase);
        if (app.approved[revision][msg.sender]) revert AlreadyApproved(name, revision, msg.sender);
        if (app.rolling != 0) revert StillRollingOut(name, app.rolling);
        _approve(name, revision, msg.sender);
    }

    // What devices do

    function attest(bytes32 name, uint64 revision, bool healthy, string calldata reason) external {
        if (!_isEnrolled(msg.sender)) revert NotEnrolled(msg.sender);
        if (bytes(reason).length > REASON_LIMIT) revert ReasonTooLong(bytes(reason).length, REASON_LIMIT);
        App storage app = _apps[name];
        Release storage judged = app.releases[revision];
        if (judged.phase != Phase.RollingOut) revert WrongPhase(name, revision, judged.phase);
        if (_isOver(judged)) revert HealthWindowOver(name, revision, judged.startedAt + judged.healthWindow);
        Vote vote = healthy ? Vote.Healthy : Vote.Unhealthy;
        if (app.votes[revision][msg.sender] == vote) revert AlreadyAttested(name, revision, healthy);
        _count(app, revision, msg.sender, vote);
        emit Attested(name, revision, msg.sender, healthy, reason);
        _decide(name);
    }

    // What anyone does

    function expire(bytes32 name) external {
        uint64 revision = _apps[name].rolling;
        if (revision == 0) revert NothingRollingOut(name);
        Release storage judged = _apps[name].releases[revision];
        if (!_isOver(judged)) revert HealthWindowOpen(name, revision, judged.startedAt + judged.healthWindow);
        _rollBack(name, "no quorum within the health window");
    }

    // What anyone sees

    function wanted(address device) external view returns (Wanted[] memory list) {
        if (!_isEnrolled(device)) return list;
        bytes32[] memory names = _started.values();
        list = new Wanted[](names.length);
        uint256 count = 0;
        for (uint256 i = 0; i < names.length; i++) {
            App storage app = _apps[names[i]];
            uint64 revision = app.rolling != 0 ? app.rolling : app.active;
            if (revision == 0) continue;
            list[count++] = Wanted({
                app: names[i],
                revision: revision,
                phase: app.releases[revision].phase,
                previous: app.previous[revision],
                voted: app.votes[revision][device] != Vote.None,
                manifest: Chunks.read(_chunks[app.releases[revision].manifestHash])
            });
        }
        assembly ("memory-safe") {
            mstore(list, count)
        }
    }

    function apps() external view returns (bytes32[] memory) {
        return _names.values();
    }

    function latest(bytes32 name) external view returns (uint64) {
        return _apps[name].latest;
    }

    function active(bytes32 name) external view returns (uint64) {
        return _apps[name].active;
    }

    function rollingOut(bytes32 name) external view returns (uint64) {
        return _apps[name].rolling;
    }

    function release(bytes32 name, uint64 revision) external view returns (Release memory) {
        return _apps[name].releases[revision];
    }

    function manifest(bytes32 name, uint64 revision) external view returns (bytes memory) {
        return Chunks.read(_chunks[_apps[name].releases[revision].manifestHash]);
    }

    // Proposed → RollingOut

    function _approve(bytes32 name, uint64 revision, address operator) private {
        App storage app = _apps[name];
        app.approved[revision][operator] = true;
        uint32 approvals = _approvals(app, revision);
        app.releases[revision].approvals = approvals;
        emit Approved(name, revision, operator, approvals, threshold());
        if (approvals >= threshold()) _start(name, revision);
    }

    /// Counted anew over those who are operators now.
    function _approvals(App storage app, uint64 revision) private view returns (uint32 count) {
        address[] memory accounts = operators();
        for (uint256 i = 0; i < accounts.length; i++) if (app.approved[revision][accounts[i]]) count++;
    }

    function _start(bytes32 name, uint64 revision) private {
        App storage app = _apps[name];
        if (app.rolling != 0) revert StillRollingOut(name, app.rolling);
        app.open.remove(revision);
        _supersedeOlder(name, revision);
        app.rolling = revision;
        app.previous[revision] = app.active;
        app.releases[revision].phase = Phase.RollingOut;
        app.releases[revision].startedAt = uint64(block.timestamp);
        _started.add(name);
        _rolling.add(name);
        emit RollingOut(name, revision, app.active);
    }

    function _replaceOwnProposal(bytes32 name, address operator, uint64 by) private {
        uint256[] memory open = _apps[name].open.values();
        for (uint256 i = 0; i < open.length; i++) {
            if (_apps[name].releases[uint64(open[i])].proposer == operator) _supersede(name, uint64(open[i]), by);
        }
    }

    function _supersedeOlder(bytes32 name, uint64 by) private {
        uint256[] memory open = _apps[name].open.values();
        for (uint256 i = 0; i < open.length; i++) if (open[i] < by) _supersede(name, uint64(open[i]), by);
    }

    function _supersede(bytes32 name, uint64 revision, uint64 by) private {
        _apps[name].open.remove(revision);
        _apps[name].releases[revision].phase = Phase.Superseded;
        emit Superseded(name, revision, by);
    }

    // RollingOut → Active or RolledBack

    function _count(App storage app, uint64 revision, address device, Vote vote) private {
        Release storage judged = app.releases[revision];
        Vote before = app.votes[revision][device];
        if (before == Vote.Healthy) judged.healthyVotes--;
        if (before == Vote.Unhealthy) judged.unhealthyVotes--;
        if (vote == Vote.Healthy) judged.healthyVotes++;
        if (vote == Vote.Unhealthy) judged.unhealthyVotes++;
        app.votes[revision][device] = vote;
    }

    /// Over the devices enrolled at this moment: fewer than half of them can neither force a decision nor prevent it.
    /// Without any device nobody can judge; then the health window does.
    function _decide(bytes32 name) private {
        Release storage judged = _apps[name].releases[_apps[name].rolling];
        uint256 voters = _enrolled();
        if (voters == 0) return;
        if (judged.healthyVotes >= quorum()) return _promote(name);
        if (judged.unhealthyVotes >= quorum()) return _rollBack(name, "a quorum found it unhealthy");
        if (voters - judged.unhealthyVotes < quorum()) return _rollBack(name, "a healthy quorum can no longer be reached");
    }

    function _promote(bytes32 name) private {
        App storage app = _apps[name];
        uint64 revision = app.rolling;
        uint64 before = app.active;
        _end(name, Phase.Active);
        app.active = revision;
        emit Promoted(name, revision, app.releases[revision].healthyVotes, quorum());
        if (before != 0) _supersede(name, before, revision);
    }

    function _rollBack(bytes32 name, string memory why) private {
        uint64 revision = _apps[name].rolling;
        _end(name, Phase.RolledBack);
        emit RolledBack(name, revision, _apps[name].active, why);
    }

    function _end(bytes32 name, Phase phase) private {
        App storage app = _apps[name];
        app.releases[app.rolling].phase = phase;
        app.releases[app.rolling].decidedAt = uint64(block.timestamp);
        app.rolling = 0;
        _rolling.remove(name);
    }

    function _isOver(Release storage judged) private view returns (bool) {
        return block.timestamp >= judged.startedAt + judged.healthWindow;
    }

    /// Whoever comes first after the end of a health window settles it; nothing waits for `expire`.
    function _expireIfOver(bytes32 name) private {
        uint64 revision = _apps[name].rolling;
        if (revision != 0 && _isOver(_apps[name].releases[revision])) _rollBack(name, "no quorum within the health window");
    }

    /// Its votes on what is undecided are taken back; with fewer voters what is left may be a quorum.
    function _left(address device) internal override {
        bytes32[] memory names = _rolling.values();
        for (uint256 i = 0; i < names.length; i++) {
            App storage app = _apps[names[i]];
            _count(app, app.rolling, device, Vote.None);
            _decide(names[i]);
        }
    }

    function _store(bytes calldata content) private returns (bytes32 hash) {
        if (content.length == 0) revert ManifestEmpty();
        if (content.length > MANIFEST_LIMIT) revert ManifestTooLarge(content.length, MANIFEST_LIMIT);
        hash = keccak256(content);
        if (_chunks[hash].length == 0) _chunks[hash] = Chunks.write(content);
    }
}
