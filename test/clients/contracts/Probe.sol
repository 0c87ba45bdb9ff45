// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// One of each way in which a call can end, and of what a log can hold.
contract Probe {
    uint256 public number = 7;
    mapping(uint256 => uint256) public squares;
    bytes public blob;

    struct Point {
        uint256 x;
        int256 y;
    }

    event Nothing();
    event Plain(uint256 value, string text);
    event Three(address indexed by, uint256 indexed value, bytes32 indexed mark, bytes data);
    event Nameless(uint256 indexed a, uint256 indexed b, uint256 indexed c, uint256 indexed d) anonymous;

    error Bare();
    error Short(address who, uint256 has, uint256 wants);
    error Shaped(Point point, string text, uint256[] list);

    receive() external payable {
        emit Plain(msg.value, 'received');
    }

    function set(uint256 value) external {
        number = value;
        squares[value] = value * value;
    }

    function keep(bytes calldata data) external {
        blob = data;
    }

    function emitAll(uint256 value) external {
        emit Nothing();
        emit Plain(value, 'plain');
        emit Three(msg.sender, value, keccak256('mark'), abi.encode(value));
        emit Nameless(1, 2, 3, value);
    }

    function failBare() external pure {
        revert Bare();
    }

    function failShort(uint256 wants) external view {
        revert Short(msg.sender, number, wants);
    }

    function failShaped() external pure {
        uint256[] memory list = new uint256[](2);
        list[1] = 9;
        revert Shaped(Point(1, -2), 'text', list);
    }

    function failText(string calldata text) external pure {
        revert(text);
    }

    function failEmpty() external pure {
        assembly {
            revert(0, 0)
        }
    }

    function failInvalid() external pure {
        assembly {
            invalid()
        }
    }

    function failAssert() external pure {
        assert(false);
    }

    function failOverflow(uint256 value) external pure returns (uint256) {
        return value + type(uint256).max;
    }

    function failDivide(uint256 by) external pure returns (uint256) {
        return 1 / by;
    }

    function failIndex(uint256 index) external pure returns (uint256) {
        uint256[] memory list = new uint256[](2);
        return list[index];
    }

    function failAllocate() external pure returns (uint256) {
        uint256[] memory list = new uint256[](2 ** 65);
        return list.length;
    }

    function failPop() external {
        blob = '';
        blob.pop();
    }

    function burn(uint256 rounds) external view returns (uint256 sum) {
        for (uint256 i = 0; i < rounds; i++) sum ^= uint256(keccak256(abi.encode(sum, i, number)));
    }

    /// Nested call whose gas follows the 63/64 rule.
    function relay(uint256 depth, uint256 rounds) external view returns (uint256) {
        return depth == 0 ? this.burn(rounds) : this.relay(depth - 1, rounds);
    }

    function context()
        external
        view
        returns (uint256 chain, uint256 fee, uint256 gasPrice, address sender, uint256 gasLimit, bytes32 random, uint256 blobFee)
    {
        return (block.chainid, block.basefee, tx.gasprice, msg.sender, block.gaslimit, bytes32(block.prevrandao), block.blobbasefee);
    }

    function place() external view returns (uint256, uint256, bytes32, bytes32) {
        return (block.number, block.timestamp, blockhash(block.number - 1), blockhash(block.number));
    }

    function big(uint256 length) external pure returns (bytes memory) {
        return new bytes(length);
    }

    function echo(bytes calldata data) external payable returns (bytes memory, uint256) {
        return (data, msg.value);
    }
}
