// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRolloutPolicy} from "../IRolloutPolicy.sol";
import {Operators} from "./Operators.sol";

/// Contracts that are asked before a release starts, proceeds or ends, and are not trusted.
abstract contract Policies is Operators {
    /// What one policy may use.
    uint256 internal constant POLICY_GAS = 100_000;
    /// A call gets at most 63 of 64 parts of the gas (EIP-150); and something must be left to go on with.
    uint256 private constant GAS_AROUND = 60_000;

    address[] internal _policies;

    /// The first policy that does not clearly say yes; the zero address: all do. With too little gas it reverts, so that
    /// nobody makes a policy say no by starving it.
    function _refuser(IRolloutPolicy.Moment moment, bytes32 app, uint64 revision) internal view returns (address) {
        for (uint256 i = 0; i < _policies.length; i++) {
            if (gasleft() < POLICY_GAS + GAS_AROUND) revert TooLittleGas(gasleft(), POLICY_GAS + GAS_AROUND);
            if (!_says(_policies[i], abi.encodeCall(IRolloutPolicy.allows, (moment, app, revision)))) return _policies[i];
        }
        return address(0);
    }

    /// Reads one word of the answer and no more: what a policy returns must not cost the fleet memory.
    function _says(address policy, bytes memory question) private view returns (bool isYes) {
        assembly ("memory-safe") {
            let succeeded := staticcall(POLICY_GAS, policy, add(question, 32), mload(question), 0, 32)
            isYes := and(and(succeeded, eq(returndatasize(), 32)), eq(mload(0), 1))
        }
    }
}
