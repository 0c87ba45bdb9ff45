// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {Names} from "./Names.sol";
import {Policies} from "./Policies.sol";

/// The machines: who is enrolled, under which name.
abstract contract Devices is Policies {
    using EnumerableSet for EnumerableSet.AddressSet;

    struct Record {
        string name;
        uint64 enrolledAt;
        uint64 serial; // counts enrolments, from 1: who came before what
        bytes32[] labels; // `key=value`
    }

    uint256 internal constant LABELS_LIMIT = 8;

    EnumerableSet.AddressSet internal _devices;
    mapping(address device => Record) internal _records;
    mapping(bytes32 nameHash => address device) internal _byName;
    uint64 internal _serial;

    function _accounts() internal view returns (address[] memory) {
        return _devices.values();
    }

    function _enrolled() internal view returns (uint256) {
        return _devices.length();
    }

    /// How many have been enrolled so far; devices enrolled later have a higher serial number.
    function _lastSerial() internal view returns (uint64) {
        return _serial;
    }

    /// 0: not enrolled.
    function _serialOf(address device) internal view returns (uint64) {
        return _records[device].serial;
    }

    function _carries(address device, bytes32[] memory wanted) internal view returns (bool) {
        if (wanted.length == 0) return true;
        bytes32[] memory own = _records[device].labels;
        for (uint256 i = 0; i < wanted.length; i++) if (!_contains(own, wanted[i])) return false;
        return true;
    }

    function _demandLabels(bytes32[] memory given) internal pure {
        if (given.length > LABELS_LIMIT) revert TooManyLabels(given.length, LABELS_LIMIT);
        for (uint256 i = 0; i < given.length; i++) if (!Names.isPair(given[i])) revert InvalidLabel(given[i]);
    }

    function _contains(bytes32[] memory list, bytes32 item) private pure returns (bool) {
        for (uint256 i = 0; i < list.length; i++) if (list[i] == item) return true;
        return false;
    }

    function _isEnrolled(address device) internal view returns (bool) {
        return _devices.contains(device);
    }
}
