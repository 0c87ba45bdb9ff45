// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Membership} from "./Membership.sol";
import {Releases} from "./fleet/Releases.sol";

/// One fleet, with all that IFleet says, at one address and in one storage. What has to do with releases is answered here,
/// everything else by the code of Membership: one contract's code has at most 24,576 bytes (EIP-170).
contract Fleet is Releases {
    address private immutable _membership;

    constructor(address[] memory operators_, uint32 threshold_) {
        _setOperators(operators_, threshold_);
        _membership = address(new Membership());
    }

    fallback() external {
        address membership = _membership;
        assembly {
            calldatacopy(0, 0, calldatasize())
            let succeeded := delegatecall(gas(), membership, 0, calldatasize(), 0, 0)
            returndatacopy(0, 0, returndatasize())
            if succeeded { return(0, returndatasize()) }
            revert(0, returndatasize())
        }
    }
}
