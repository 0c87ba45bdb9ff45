// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Operators} from "./fleet/Operators.sol";
import {Releases} from "./fleet/Releases.sol";

/// One fleet: operators, devices and releases, each in a contract of its own below this one.
contract Fleet is Releases {
    constructor(address[] memory operators_, uint32 threshold_) Operators(operators_, threshold_) {}
}
