// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ERC1967Proxy} from '@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol';
import {Initializable} from '@openzeppelin/contracts/proxy/utils/Initializable.sol';
import {UUPSUpgradeable} from '@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol';

/// A counter behind OpenZeppelin's UUPS proxy.
contract Counter is Initializable, UUPSUpgradeable {
    address public owner;
    uint256 public count;

    event Counted(uint256 count);

    error NotOwner(address caller, address owner);

    constructor() {
        _disableInitializers();
    }

    function initialize(address first) external initializer {
        owner = first;
    }

    function add(uint256 steps) external {
        count += steps;
        emit Counted(count);
    }

    function version() external pure virtual returns (uint256) {
        return 1;
    }

    function _authorizeUpgrade(address) internal view override {
        if (msg.sender != owner) revert NotOwner(msg.sender, owner);
    }
}

/// What the proxy is moved to.
contract CounterTwo is Counter {
    function version() external pure override returns (uint256) {
        return 2;
    }
}

contract CounterProxy is ERC1967Proxy {
    constructor(address target, bytes memory call) ERC1967Proxy(target, call) {}
}
