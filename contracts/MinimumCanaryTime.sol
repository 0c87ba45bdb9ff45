// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IFleet} from "./IFleet.sol";
import {IRolloutPolicy} from "./IRolloutPolicy.sol";

/// A release stays with those who try it for a while, however soon they like it. It must be shorter than the health window.
contract MinimumCanaryTime is IRolloutPolicy {
    uint64 public immutable least; // seconds

    constructor(uint64 leastSeconds) {
        least = leastSeconds;
    }

    /// The caller is the fleet.
    function allows(Moment moment, bytes32 app, uint64 revision) external view returns (bool) {
        if (moment != Moment.Proceed) return true;
        return block.timestamp >= IFleet(msg.sender).release(app, revision).startedAt + least;
    }
}
