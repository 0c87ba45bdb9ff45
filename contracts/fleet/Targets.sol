// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Devices} from "./Devices.sol";

/// Which devices a revision is for, which of them try it first, and who judges it.
abstract contract Targets is Devices {
    /// Settled when the revision starts. Devices enrolled later may run it and do not judge it: else whoever enrols
    /// devices could decide a rollout.
    struct Trial {
        uint64 lastSerial; // of the youngest device that judges
        uint32 voters; // jurors that have not been revoked
        address[] canary; // in the order of their lots; empty: all targets
        mapping(address device => bool) isChosen;
    }

    uint32 internal constant CANARY_LIMIT = 100; // devices
    uint32 private constant PERCENT_LIMIT = 99;
    // The apps that are the devices' own software. It is for boards alone, whose slots take it: who carries a label `board=…`.
    bytes32 private constant FIRMWARE = "firmware";
    bytes32 private constant SYSTEM = "os";
    bytes6 private constant BOARD = "board=";
    uint256 private constant LOT_SHIFT = 160;

    mapping(bytes32 app => mapping(uint64 revision => Terms)) internal _terms;
    mapping(bytes32 app => mapping(uint64 revision => Trial)) internal _trials;

    function _jury(bytes32 app, uint64 revision) internal view returns (uint32 voters, uint32 needed) {
        voters = _trials[app][revision].voters;
        needed = voters / 2 + 1;
    }

    function _setTerms(bytes32 app, uint64 revision, Terms memory given) internal {
        uint32 most = given.inPercent ? PERCENT_LIMIT : CANARY_LIMIT;
        if (given.canary > most) revert InvalidCanary(given.canary, most);
        _demandLabels(given.labels);
        if (given.expiresAt != 0 && block.timestamp >= given.expiresAt) revert ReleaseExpired(app, revision, given.expiresAt);
        _terms[app][revision] = given;
    }

    function _demandUnexpired(bytes32 app, uint64 revision) internal view {
        uint64 expiresAt = _terms[app][revision].expiresAt;
        if (expiresAt != 0 && block.timestamp >= expiresAt) revert ReleaseExpired(app, revision, expiresAt);
    }

    /// Draws the canary and counts the jurors, over the devices enrolled now.
    function _choose(bytes32 app, uint64 revision) internal {
        Terms memory given = _terms[app][revision];
        Trial storage trial = _trials[app][revision];
        trial.lastSerial = _lastSerial();
        trial.voters = uint32(_enrolled());
        if (given.labels.length == 0 && given.canary == 0 && !_isSoftware(app)) return;
        address[] memory targets = _targets(app, given.labels);
        uint256 size = given.inPercent ? (targets.length * given.canary + 99) / 100 : given.canary;
        if (size > CANARY_LIMIT) size = CANARY_LIMIT;
        trial.voters = uint32(targets.length);
        if (size == 0 || size >= targets.length) return;
        address[] memory chosen = _draw(app, revision, targets, size);
        for (uint256 i = 0; i < size; i++) trial.isChosen[chosen[i]] = true;
        trial.canary = chosen;
        trial.voters = uint32(size);
        emit CanaryChosen(app, revision, chosen);
    }

    /// A juror leaves.
    function _dismiss(bytes32 app, uint64 revision) internal {
        _trials[app][revision].voters--;
    }

    /// Whether a device's vote on a revision that has started counts.
    function _isJuror(bytes32 app, uint64 revision, address device) internal view returns (bool) {
        Trial storage trial = _trials[app][revision];
        if (_serialOf(device) == 0 || _serialOf(device) > trial.lastSerial) return false;
        return trial.canary.length == 0 ? _isTarget(app, revision, device) : trial.isChosen[device];
    }

    /// Whether a device runs a revision while it rolls out.
    function _tries(bytes32 app, uint64 revision, address device) internal view returns (bool) {
        if (_trials[app][revision].canary.length == 0) return _isTarget(app, revision, device);
        return _isJuror(app, revision, device);
    }

    /// Whether a device runs a revision once it is active.
    function _isTarget(bytes32 app, uint64 revision, address device) internal view returns (bool) {
        return _suits(app, _terms[app][revision].labels, device);
    }

    function _suits(bytes32 app, bytes32[] memory wanted, address device) private view returns (bool) {
        return _carries(device, wanted) && (!_isSoftware(app) || _isBoard(device));
    }

    function _isSoftware(bytes32 app) private pure returns (bool) {
        return app == FIRMWARE || app == SYSTEM;
    }

    function _isBoard(address device) private view returns (bool) {
        bytes32[] memory own = _records[device].labels;
        for (uint256 i = 0; i < own.length; i++) if (bytes6(own[i]) == BOARD) return true;
        return false;
    }

    function _targets(bytes32 app, bytes32[] memory wanted) private view returns (address[] memory list) {
        list = _accounts();
        uint256 count = 0;
        for (uint256 i = 0; i < list.length; i++) if (_suits(app, wanted, list[i])) list[count++] = list[i];
        assembly ("memory-safe") {
            mstore(list, count)
        }
    }

    /// The devices with the lowest lots. A lot is the hash of app, revision, the block before and device: anyone can draw again, and
    /// nobody could choose a device's key so as to be drawn. The address stands below its 96 bits.
    function _draw(bytes32 app, uint64 revision, address[] memory targets, uint256 size)
        private
        view
        returns (address[] memory chosen)
    {
        uint256[] memory lots = new uint256[](size);
        uint256 filled = 0;
        bytes32 before = blockhash(block.number - 1);
        for (uint256 i = 0; i < targets.length; i++) {
            uint256 lot = uint256(keccak256(abi.encode(app, revision, before, targets[i])));
            lot = ((lot >> LOT_SHIFT) << LOT_SHIFT) | uint160(targets[i]);
            if (filled == size && lot > lots[size - 1]) continue;
            uint256 place = filled == size ? size - 1 : filled++;
            for (; place > 0 && lots[place - 1] > lot; place--) lots[place] = lots[place - 1];
            lots[place] = lot;
        }
        chosen = new address[](size);
        for (uint256 i = 0; i < size; i++) chosen[i] = address(uint160(lots[i]));
    }
}
