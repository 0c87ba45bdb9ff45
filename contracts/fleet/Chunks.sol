// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// Bytes kept as the code of contracts: a sixth of the price of storage slots, and part of the state, so that a device
/// that knows no history can read them. Each chunk begins with STOP, so that it never runs and never begins with 0xEF.
library Chunks {
    /// A contract's code has at most 24,576 bytes (EIP-170); one is the leading STOP.
    uint256 internal constant SIZE = 24_575;

    /// Creation code that returns what follows it: PUSH2 size, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN.
    uint256 private constant PREFIX = 0x61_0000_80_60_0a_5f_39_5f_f3;
    uint256 private constant PREFIX_SIZE_SHIFT = 56;

    error ChunkNotCreated(uint256 index);

    function write(bytes calldata data) internal returns (address[] memory chunks) {
        chunks = new address[]((data.length + SIZE - 1) / SIZE);
        for (uint256 i = 0; i < chunks.length; i++) {
            uint256 end = i == chunks.length - 1 ? data.length : (i + 1) * SIZE;
            chunks[i] = _create(data[i * SIZE:end]);
            if (chunks[i] == address(0)) revert ChunkNotCreated(i);
        }
    }

    function read(address[] memory chunks) internal view returns (bytes memory data) {
        uint256 length = 0;
        for (uint256 i = 0; i < chunks.length; i++) length += chunks[i].code.length - 1;
        data = new bytes(length);
        uint256 filled = 0;
        for (uint256 i = 0; i < chunks.length; i++) {
            address chunk = chunks[i];
            uint256 size = chunk.code.length - 1;
            assembly ("memory-safe") {
                extcodecopy(chunk, add(add(data, 32), filled), 1, size)
            }
            filled += size;
        }
    }

    function _create(bytes calldata piece) private returns (address chunk) {
        uint256 size = piece.length + 1;
        uint80 prefix = uint80(PREFIX | (size << PREFIX_SIZE_SHIFT));
        bytes memory creation = abi.encodePacked(prefix, bytes1(0), piece);
        assembly ("memory-safe") {
            chunk := create(0, add(creation, 32), mload(creation))
        }
    }
}
