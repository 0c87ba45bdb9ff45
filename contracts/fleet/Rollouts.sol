// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {IRolloutPolicy} from "../IRolloutPolicy.sol";
import {Targets} from "./Targets.sol";

/// Releases that have started, until the devices have judged them.
/// Of one app at most one revision is active and at most one rolls out.
abstract contract Rollouts is Targets {
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

    EnumerableSet.Bytes32Set internal _names;
    EnumerableSet.Bytes32Set internal _started; // apps of which some revision has rolled out
    EnumerableSet.Bytes32Set internal _rolling; // apps of which some revision is rolling out
    mapping(bytes32 app => App) internal _apps;
    mapping(bytes32 manifestHash => address[]) internal _chunks;
    mapping(bytes32 app => mapping(uint64 revision => string)) internal _notes; // for people

    // RollingOut → Active or RolledBack

    function _count(App storage state, uint64 revision, address device, Vote vote) internal {
        Release storage judged = state.releases[revision];
        Vote before = state.votes[revision][device];
        if (before == Vote.Healthy) judged.healthyVotes--;
        if (before == Vote.Unhealthy) judged.unhealthyVotes--;
        if (vote == Vote.Healthy) judged.healthyVotes++;
        if (vote == Vote.Unhealthy) judged.unhealthyVotes++;
        state.votes[revision][device] = vote;
    }

    /// Fewer than half of the jurors can neither force a decision nor prevent it.
    /// Without any juror nobody can judge; then the health window does.
    function _decide(bytes32 app) internal {
        Release storage judged = _apps[app].releases[_apps[app].rolling];
        (uint32 voters, uint32 needed) = _jury(app, judged.revision);
        if (voters == 0) return;
        if (judged.healthyVotes >= needed) {
            if (!_isHeld(IRolloutPolicy.Moment.Proceed, app, judged.revision)) _promote(app, needed);
        } else if (voters - judged.unhealthyVotes < needed) {
            bool isQuorum = judged.unhealthyVotes >= needed;
            if (_isHeld(IRolloutPolicy.Moment.End, app, judged.revision)) return;
            _rollBack(app, isQuorum ? "a quorum found it unhealthy" : "a healthy quorum can no longer be reached");
        }
    }

    function _isHeld(IRolloutPolicy.Moment moment, bytes32 app, uint64 revision) internal returns (bool) {
        address refuser = _refuser(moment, app, revision);
        if (refuser == address(0)) return false;
        emit Held(app, revision, refuser, moment);
        return true;
    }

    /// At the end of the health window: what a policy has kept from proceeding may now, or never.
    function _expire(bytes32 app) internal {
        Release storage judged = _apps[app].releases[_apps[app].rolling];
        (uint32 voters, uint32 needed) = _jury(app, judged.revision);
        bool isHealthy = voters != 0 && judged.healthyVotes >= needed;
        if (!isHealthy) return _rollBack(app, "no quorum within the health window");
        if (_refuser(IRolloutPolicy.Moment.Proceed, app, judged.revision) == address(0)) return _promote(app, needed);
        _rollBack(app, "a policy held it back until its health window ended");
    }

    function _promote(bytes32 app, uint32 needed) internal {
        App storage state = _apps[app];
        uint64 revision = state.rolling;
        uint64 before = state.active;
        _end(app, Phase.Active);
        state.active = revision;
        emit Promoted(app, revision, state.releases[revision].healthyVotes, needed);
        if (before != 0) _supersede(app, before, revision);
    }

    function _rollBack(bytes32 app, string memory why) internal {
        uint64 revision = _apps[app].rolling;
        _end(app, Phase.RolledBack);
        emit RolledBack(app, revision, _apps[app].active, why);
    }

    function _end(bytes32 app, Phase phase) internal {
        App storage state = _apps[app];
        state.releases[state.rolling].phase = phase;
        state.releases[state.rolling].decidedAt = uint64(block.timestamp);
        state.rolling = 0;
        _rolling.remove(app);
    }

    function _isOver(Release storage judged) internal view returns (bool) {
        return block.timestamp >= judged.startedAt + judged.healthWindow;
    }

    /// Whoever comes first after the end of a health window settles it; nothing waits for `expire`.
    function _expireIfOver(bytes32 app) internal {
        uint64 revision = _apps[app].rolling;
        if (revision != 0 && _isOver(_apps[app].releases[revision])) _expire(app);
    }

    /// Its votes on what is undecided are taken back; with fewer voters what is left may be a quorum, but not after the window.
    function _leaves(address device) internal {
        bytes32[] memory names = _rolling.values();
        for (uint256 i = 0; i < names.length; i++) {
            _expireIfOver(names[i]);
            App storage state = _apps[names[i]];
            if (!_isJuror(names[i], state.rolling, device)) continue;
            _dismiss(names[i], state.rolling);
            _count(state, state.rolling, device, Vote.None);
            _decide(names[i]);
        }
    }

    function _supersede(bytes32 app, uint64 revision, uint64 by) internal {
        _apps[app].open.remove(revision);
        _apps[app].releases[revision].phase = Phase.Superseded;
        emit Superseded(app, revision, by);
    }
}
