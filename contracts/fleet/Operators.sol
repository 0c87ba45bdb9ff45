// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {IFleetTypes} from "../IFleetTypes.sol";

/// The people: N operators, of whom M must approve what changes the fleet.
abstract contract Operators is IFleetTypes {
    using EnumerableSet for EnumerableSet.AddressSet;

    /// Approvals are recounted over all operators each time.
    uint256 internal constant OPERATORS_LIMIT = 32;

    EnumerableSet.AddressSet private _operators;
    uint32 private _threshold;

    modifier onlyOperator() {
        if (!_operators.contains(msg.sender)) revert NotOperator(msg.sender);
        _;
    }

    /// The fleet itself: what enough operators have approved.
    modifier onlyQuorum() {
        if (msg.sender != address(this)) revert OnlyByQuorum();
        _;
    }

    function _isOperator(address account) internal view returns (bool) {
        return _operators.contains(account);
    }

    /// In the place of those before.
    function _setOperators(address[] memory accounts, uint32 needed) internal {
        _operators.clear();
        if (accounts.length > OPERATORS_LIMIT) revert TooManyOperators(accounts.length, OPERATORS_LIMIT);
        if (needed == 0 || needed > accounts.length) revert InvalidThreshold(needed, accounts.length);
        for (uint256 i = 0; i < accounts.length; i++) {
            bool isNobody = accounts[i] == address(0) || accounts[i] == address(this);
            if (isNobody || !_operators.add(accounts[i])) revert InvalidOperator(accounts[i]);
        }
        _threshold = needed;
    }

    function _operatorAccounts() internal view returns (address[] memory) {
        return _operators.values();
    }

    function _needed() internal view returns (uint32) {
        return _threshold;
    }
}
