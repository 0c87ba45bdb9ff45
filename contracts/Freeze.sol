// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRolloutPolicy} from "./IRolloutPolicy.sol";

/// No release starts or proceeds between two moments. They end at any time.
contract Freeze is IRolloutPolicy {
    uint64 public immutable from; // seconds, block time
    uint64 public immutable until; // seconds, block time, excluded

    error InvalidFreeze(uint64 from, uint64 until);

    constructor(uint64 fromSecond, uint64 untilSecond) {
        if (fromSecond >= untilSecond) revert InvalidFreeze(fromSecond, untilSecond);
        (from, until) = (fromSecond, untilSecond);
    }

    function allows(Moment moment, bytes32, uint64) external view returns (bool) {
        return moment == Moment.End || block.timestamp < from || block.timestamp >= until;
    }
}
