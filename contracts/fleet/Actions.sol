// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Rollouts} from "./Rollouts.sol";

/// Changes of the fleet itself, by the same M of N that start a release. What may be done so is what is `onlyQuorum`.
abstract contract Actions is Rollouts {
    uint256 internal constant ACTION_LIMIT = 4096; // bytes
    uint64 internal constant ACTION_LIFE = 7 days;

    uint256 internal constant POLICIES_LIMIT = 4;

    uint64 private _last;
    mapping(uint64 id => Action) private _actions;
    mapping(uint64 id => mapping(address operator => bool)) private _approved;

    function proposeAction(bytes calldata call) external onlyOperator returns (uint64 id) {
        if (call.length > ACTION_LIMIT) revert ActionTooLarge(call.length, ACTION_LIMIT);
        id = ++_last;
        _actions[id].proposer = msg.sender;
        _actions[id].expiresAt = uint64(block.timestamp) + ACTION_LIFE;
        _actions[id].call = call;
        emit ActionProposed(id, msg.sender, call);
        _approveAction(id);
    }

    function approveAction(uint64 id, bytes32 callHash) external onlyOperator {
        Action storage asked = _actions[id];
        if (asked.expiresAt == 0) revert NoAction(id);
        if (asked.isDone || block.timestamp >= asked.expiresAt) revert ActionOver(id);
        if (_approved[id][msg.sender]) revert ActionApprovedAlready(id, msg.sender);
        if (keccak256(asked.call) != callHash) revert OtherAction(id, callHash);
        _approveAction(id);
    }

    function action(uint64 id) external view returns (Action memory) {
        return _actions[id];
    }

    function actions() external view returns (uint64) {
        return _last;
    }

    function setOperators(address[] calldata accounts, uint32 needed) external onlyQuorum {
        _setOperators(accounts, needed);
        emit OperatorsSet(accounts, needed);
    }

    function operators() external view returns (address[] memory) {
        return _operatorAccounts();
    }

    function threshold() external view returns (uint32) {
        return _needed();
    }

    function setPolicies(address[] calldata given) external onlyQuorum {
        if (given.length > POLICIES_LIMIT) revert TooManyPolicies(given.length, POLICIES_LIMIT);
        for (uint256 i = 0; i < given.length; i++) if (given[i].code.length == 0) revert InvalidPolicy(given[i]);
        _policies = given;
        emit PoliciesSet(given);
    }

    function policies() external view returns (address[] memory) {
        return _policies;
    }

    /// Counted anew over those who are operators now. What fails reverts with its own reason, and the approval with it.
    function _approveAction(uint64 id) private {
        Action storage asked = _actions[id];
        _approved[id][msg.sender] = true;
        uint32 approvals = 0;
        address[] memory accounts = _operatorAccounts();
        for (uint256 i = 0; i < accounts.length; i++) if (_approved[id][accounts[i]]) approvals++;
        asked.approvals = approvals;
        emit ActionApproved(id, msg.sender, approvals, _needed());
        if (approvals < _needed()) return;
        asked.isDone = true;
        (bool succeeded, bytes memory answer) = address(this).call(asked.call);
        if (!succeeded) {
            assembly ("memory-safe") {
                revert(add(answer, 32), mload(answer))
            }
        }
        emit ActionDone(id);
    }
}
