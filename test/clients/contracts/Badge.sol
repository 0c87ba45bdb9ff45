// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ERC721} from '@openzeppelin/contracts/token/ERC721/ERC721.sol';

/// OpenZeppelin's ERC-721; anybody may take a number that is free.
contract Badge is ERC721('Badge', 'BDG') {
    function take(uint256 id) external {
        _safeMint(msg.sender, id);
    }
}
