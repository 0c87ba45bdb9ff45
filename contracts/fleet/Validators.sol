// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {Actions} from "./Actions.sol";

/// The devices that make blocks, where the ledger is held by several (CometBFT's validators).
abstract contract Validators is Actions {
    using EnumerableSet for EnumerableSet.AddressSet;

    struct Seat {
        bytes32 key;
        uint64 power;
    }

    uint256 internal constant VALIDATORS_LIMIT = 64;
    /// So that the sum is far below CometBFT's own limit of (2^63 - 1) / 8.
    uint64 internal constant POWER_LIMIT = 1_000_000;

    EnumerableSet.AddressSet private _validators;
    mapping(address device => Seat) private _seats;
    mapping(bytes32 key => address device) private _byKey;

    function setValidator(address device, bytes32 key, uint64 power) external onlyQuorum {
        if (!_isEnrolled(device)) revert NotEnrolled(device);
        if (power > POWER_LIMIT) revert InvalidPower(power, POWER_LIMIT);
        if (power == 0) {
            if (!_validators.contains(device)) revert NotValidator(device);
            return _unseat(device);
        }
        address holder = _byKey[key];
        if (key == 0 || (holder != address(0) && holder != device)) revert InvalidKey(key);
        _seat(device, key, power);
    }

    function validators() external view returns (Validator[] memory list) {
        address[] memory accounts = _validators.values();
        list = new Validator[](accounts.length);
        for (uint256 i = 0; i < accounts.length; i++) {
            Seat storage seat = _seats[accounts[i]];
            list[i] = Validator(accounts[i], seat.power, seat.key);
        }
    }

    /// Where it is none nothing happens.
    function _unseat(address device) internal {
        if (!_validators.remove(device)) return;
        if (_validators.length() == 0) revert LastValidator(device);
        bytes32 key = _seats[device].key;
        delete _byKey[key];
        delete _seats[device];
        emit ValidatorSet(device, key, 0);
    }

    /// The old key leaves before the new one comes: to consensus they are two validators.
    function _seat(address device, bytes32 key, uint64 power) private {
        bytes32 before = _seats[device].key;
        if (before != 0 && before != key) {
            delete _byKey[before];
            emit ValidatorSet(device, before, 0);
        }
        _validators.add(device);
        if (_validators.length() > VALIDATORS_LIMIT) revert TooManyValidators(_validators.length(), VALIDATORS_LIMIT);
        _byKey[key] = device;
        _seats[device] = Seat(key, power);
        emit ValidatorSet(device, key, power);
    }
}
