// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {Names} from "./Names.sol";
import {Validators} from "./Validators.sol";

/// How machines come and go, and by whose word.
abstract contract Enrolment is Validators {
    using EnumerableSet for EnumerableSet.AddressSet;

    /// A one-time token that has been posted and not been used.
    struct Invitation {
        address by;
        uint64 expiresAt; // seconds, block time
        string name;
        bytes32[] labels;
    }

    mapping(address token => Invitation) private _invitations;
    bool private _oneMay;
    mapping(address token => bool) private _used; // what was signed with it is on the ledger, for everyone to repeat

    modifier onlyEnroller() {
        if (msg.sender != address(this)) {
            if (!_isOperator(msg.sender)) revert NotOperator(msg.sender);
            if (!_oneMayEnrol()) revert OnlyByQuorum();
        }
        _;
    }

    function enrol(address[] calldata accounts, string[] calldata names) external onlyEnroller {
        if (accounts.length != names.length) revert DifferentLengths(accounts.length, names.length);
        for (uint256 i = 0; i < accounts.length; i++) _enrol(accounts[i], names[i], msg.sender);
    }

    function enrolLabelled(address device, string calldata name, bytes32[] calldata labels_) external onlyEnroller {
        _enrol(device, name, msg.sender);
        _demandLabels(labels_);
        _label(device, labels_);
    }

    function invite(address token, string calldata name, bytes32[] calldata labels_, uint64 expiresAt) external onlyEnroller {
        if (token == address(0) || _used[token] || _invitations[token].by != address(0)) revert InvalidToken(token);
        if (expiresAt <= block.timestamp) revert InvalidExpiry(expiresAt);
        if (!Names.isLabel(name)) revert InvalidName(name);
        _demandLabels(labels_);
        _invitations[token] = Invitation(msg.sender, expiresAt, name, labels_);
        emit Invited(token, name, msg.sender, expiresAt);
    }

    function withdraw(address token) external onlyEnroller {
        if (_invitations[token].by == address(0)) revert NotInvited(token);
        delete _invitations[token];
        emit InvitationWithdrawn(token, msg.sender);
    }

    /// Tokens of somebody who is no operator any more, or may not invite alone any more, are void.
    function join(uint8 v, bytes32 r, bytes32 s) external {
        bytes32 digest = keccak256(abi.encode("classpad join", block.chainid, address(this), msg.sender));
        address token = ecrecover(digest, v, r, s);
        Invitation memory invitation = _invitations[token];
        address by = invitation.by;
        if (by != address(this) && !(_isOperator(by) && _oneMayEnrol())) revert NotInvited(token);
        if (block.timestamp >= invitation.expiresAt) revert InvitationExpired(token, invitation.expiresAt);
        delete _invitations[token];
        _used[token] = true;
        _enrol(msg.sender, invitation.name, by);
        if (invitation.labels.length > 0) _label(msg.sender, invitation.labels);
    }

    function setEnrolment(bool byQuorum) external onlyQuorum {
        _oneMay = !byQuorum;
        emit EnrolmentSet(byQuorum);
    }

    function enrolmentByQuorum() external view returns (bool) {
        return !_oneMay;
    }

    function revoke(address device) external onlyQuorum {
        if (!_isEnrolled(device)) revert NotEnrolled(device);
        emit DeviceRevoked(device, msg.sender);
        _unseat(device);
        _leaves(device);
        _devices.remove(device);
        delete _byName[keccak256(bytes(_records[device].name))];
        delete _records[device];
    }

    function relabel(address device, bytes32[] calldata labels_) external onlyQuorum {
        if (!_isEnrolled(device)) revert NotEnrolled(device);
        _demandLabels(labels_);
        _leaves(device);
        _records[device].serial = ++_serial;
        _label(device, labels_);
    }

    function devices() external view returns (Device[] memory list) {
        address[] memory accounts = _devices.values();
        list = new Device[](accounts.length);
        for (uint256 i = 0; i < accounts.length; i++) {
            list[i] = Device(accounts[i], _records[accounts[i]].name, _records[accounts[i]].enrolledAt);
        }
    }

    function isEnrolled(address device) external view returns (bool) {
        return _isEnrolled(device);
    }

    function labels(address device) external view returns (bytes32[] memory) {
        return _records[device].labels;
    }

    function quorum() external view returns (uint32) {
        return uint32(_devices.length() / 2 + 1);
    }

    function _oneMayEnrol() private view returns (bool) {
        return _oneMay || _needed() == 1;
    }

    function _enrol(address device, string memory name, address by) private {
        if (device == address(0)) revert InvalidDevice(device);
        if (!Names.isLabel(name)) revert InvalidName(name);
        if (!_devices.add(device)) revert AlreadyEnrolled(device, _records[device].name);
        address holder = _byName[keccak256(bytes(name))];
        if (holder != address(0)) revert NameTaken(name, holder);
        _byName[keccak256(bytes(name))] = device;
        Record storage record = _records[device];
        record.name = name;
        record.enrolledAt = uint64(block.timestamp);
        record.serial = ++_serial;
        emit DeviceEnrolled(device, name, by);
    }

    function _label(address device, bytes32[] memory given) private {
        _records[device].labels = given;
        emit DeviceLabelled(device, given);
    }
}
