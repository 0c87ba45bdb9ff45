// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRolloutPolicy} from "./IRolloutPolicy.sol";

/// Releases start and proceed only on given days of the week, between two times of the day, in UTC. They end at any time.
contract ChangeWindow is IRolloutPolicy {
    uint8 public immutable days_; // bit 0: Monday … bit 6: Sunday
    uint32 public immutable from; // seconds since midnight
    uint32 public immutable until; // seconds since midnight, excluded

    error InvalidWindow(uint8 days_, uint32 from, uint32 until);

    constructor(uint8 onDays, uint32 fromSecond, uint32 untilSecond) {
        if (onDays == 0 || onDays > 127 || fromSecond >= untilSecond || untilSecond > 1 days) {
            revert InvalidWindow(onDays, fromSecond, untilSecond);
        }
        (days_, from, until) = (onDays, fromSecond, untilSecond);
    }

    function allows(Moment moment, bytes32, uint64) external view returns (bool) {
        if (moment == Moment.End) return true;
        // 1 January 1970 was a Thursday.
        uint256 weekday = (block.timestamp / 1 days + 3) % 7;
        uint256 second = block.timestamp % 1 days;
        return (days_ >> weekday) & 1 == 1 && second >= from && second < until;
    }
}
