// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Enrolment} from "./fleet/Enrolment.sol";

/// The fleet's code for who belongs to it and what they may change. It runs in the storage of a Fleet and by its address;
/// at its own address it has no operators, so nobody can do anything there.
contract Membership is Enrolment {
    uint256 internal constant LOG_LIMIT = 1024; // bytes

    function log(bytes32 app, uint64 revision, uint8 kind, bytes calldata data) external {
        if (!_isEnrolled(msg.sender)) revert NotEnrolled(msg.sender);
        if (data.length > LOG_LIMIT) revert LogTooLong(data.length, LOG_LIMIT);
        emit Logged(msg.sender, app, revision, kind, data);
    }
}
