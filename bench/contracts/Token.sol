// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ERC20} from '@openzeppelin/contracts/token/ERC20/ERC20.sol';

/// OpenZeppelin's ERC-20 under load. Runs without its constructor having run.
contract Token is ERC20('Token', 'TOK') {
    function mints(uint256 count) external {
        for (uint256 i = 1; i <= count; i++) _mint(address(uint160(i)), i);
    }

    function transfers(uint256 count) external {
        _mint(msg.sender, count);
        for (uint256 i = 1; i <= count; i++) transfer(address(uint160(i)), 1);
    }

    function approvals(uint256 count) external {
        for (uint256 i = 1; i <= count; i++) approve(address(uint160(i)), i);
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}
