// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {IFleet} from "../IFleet.sol";

/// The people: N operators, of whom M must approve what changes the fleet.
abstract contract Operators is IFleet {
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

    constructor(address[] memory accounts, uint32 needed) {
        _setOperators(accounts, needed);
    }

    function setOperators(address[] calldata accounts, uint32 needed) external onlyQuorum {
        _operators.clear();
        _setOperators(accounts, needed);
        emit OperatorsSet(accounts, needed);
    }

    function _isOperator(address account) internal view returns (bool) {
        return _operators.contains(account);
    }

    function _setOperators(address[] memory accounts, uint32 needed) private {
        if (accounts.length > OPERATORS_LIMIT) revert TooManyOperators(accounts.length, OPERATORS_LIMIT);
        if (needed == 0 || needed > accounts.length) revert InvalidThreshold(needed, accounts.length);
        for (uint256 i = 0; i < accounts.length; i++) {
            bool isNobody = accounts[i] == address(0) || accounts[i] == address(this);
            if (isNobody || !_operators.add(accounts[i])) revert InvalidOperator(accounts[i]);
        }
        _threshold = needed;
    }

    function operators() public view returns (address[] memory) {
        return _operators.values();
    }

    function threshold() public view returns (uint32) {
        return _threshold;
    }
}
