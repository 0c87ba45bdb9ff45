// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// Computation as contracts do it: arrays, hashes, arithmetic with checks.
contract Work {
    /// Bubble sort of pseudo-random numbers.
    function sort(uint256 length) external pure returns (uint256 smallest) {
        uint256[] memory list = new uint256[](length);
        for (uint256 i = 0; i < length; i++) list[i] = (i * 7919 + 104729) % 65537;
        for (uint256 i = 0; i + 1 < length; i++) {
            for (uint256 j = 0; j + 1 < length - i; j++) {
                if (list[j] > list[j + 1]) (list[j], list[j + 1]) = (list[j + 1], list[j]);
            }
        }
        return list[0];
    }

    function hashChain(uint256 count) external pure returns (bytes32 hash) {
        for (uint256 i = 0; i < count; i++) hash = keccak256(abi.encode(hash, i));
    }

    function fibonacci(uint256 count) external pure returns (uint256 a) {
        uint256 b = 1;
        unchecked {
            for (uint256 i = 0; i < count; i++) (a, b) = (b, a + b);
        }
    }
}
