// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Counter, CounterProxy} from '../contracts/Counter.sol';
import {Badge} from '../contracts/Badge.sol';
import {Gate} from '../contracts/Gate.sol';

/// Foundry's own contract, as far as this script needs it.
interface Vm {
    function startBroadcast() external;

    function stopBroadcast() external;
}

/// A UUPS proxy, initialised and counted up; an ERC-721; an AccessControl that lets the sender in.
contract Deploy {
    Vm private constant VM = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);

    function run() external returns (Counter counter, Badge badge, Gate gate) {
        VM.startBroadcast();
        Counter target = new Counter();
        counter = Counter(address(new CounterProxy(address(target), abi.encodeCall(Counter.initialize, (msg.sender)))));
        counter.add(5);
        badge = new Badge();
        badge.take(42);
        gate = new Gate(msg.sender);
        gate.grantRole(gate.KEEPER(), msg.sender);
        gate.open();
        VM.stopBroadcast();
    }
}
