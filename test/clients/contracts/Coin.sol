// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ERC20} from '@openzeppelin/contracts/token/ERC20/ERC20.sol';

/// OpenZeppelin's ERC-20, its whole supply given to one account.
contract Coin is ERC20('Coin', 'COIN') {
    constructor(address owner, uint256 supply) {
        _mint(owner, supply);
    }
}
