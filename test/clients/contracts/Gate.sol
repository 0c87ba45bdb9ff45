// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {AccessControl} from '@openzeppelin/contracts/access/AccessControl.sol';

/// OpenZeppelin's AccessControl in front of one function.
contract Gate is AccessControl {
    bytes32 public constant KEEPER = keccak256('KEEPER');
    uint256 public opened;

    event Opened(address indexed by, uint256 times);

    constructor(address admin) {
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
    }

    function open() external onlyRole(KEEPER) {
        opened++;
        emit Opened(msg.sender, opened);
    }
}
