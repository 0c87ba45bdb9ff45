// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {Names} from "./Names.sol";
import {Operators} from "./Operators.sol";

/// The machines: who is enrolled, under which name.
abstract contract Devices is Operators {
    using EnumerableSet for EnumerableSet.AddressSet;

    struct Record {
        string name;
        uint64 enrolledAt;
    }

    EnumerableSet.AddressSet private _devices;
    mapping(address device => Record) private _records;
    mapping(bytes32 nameHash => address device) private _byName;

    /// A device has just left: what it said must stop counting.
    function _left(address device) internal virtual;

    function enrol(address[] calldata accounts, string[] calldata names) external onlyOperator {
        if (accounts.length != names.length) revert DifferentLengths(accounts.length, names.length);
        for (uint256 i = 0; i < accounts.length; i++) _enrol(accounts[i], names[i]);
    }

    function revoke(address device) external onlyOperator {
        if (!_devices.remove(device)) revert NotEnrolled(device);
        delete _byName[keccak256(bytes(_records[device].name))];
        delete _records[device];
        emit DeviceRevoked(device, msg.sender);
        _left(device);
    }

    function devices() external view returns (Device[] memory list) {
        address[] memory accounts = _devices.values();
        list = new Device[](accounts.length);
        for (uint256 i = 0; i < accounts.length; i++) {
            list[i] = Device(accounts[i], _records[accounts[i]].name, _records[accounts[i]].enrolledAt);
        }
    }

    function quorum() public view returns (uint32) {
        return uint32(_devices.length() / 2 + 1);
    }

    function _enrolled() internal view returns (uint256) {
        return _devices.length();
    }

    function _isEnrolled(address device) internal view returns (bool) {
        return _devices.contains(device);
    }

    function _enrol(address device, string calldata name) private {
        if (device == address(0)) revert InvalidDevice(device);
        if (!Names.isLabel(name)) revert InvalidName(name);
        if (!_devices.add(device)) revert AlreadyEnrolled(device, _records[device].name);
        address holder = _byName[keccak256(bytes(name))];
        if (holder != address(0)) revert NameTaken(name, holder);
        _byName[keccak256(bytes(name))] = device;
        _records[device] = Record(name, uint64(block.timestamp));
        emit DeviceEnrolled(device, name, msg.sender);
    }
}
