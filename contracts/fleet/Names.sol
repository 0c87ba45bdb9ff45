// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// Names of apps and devices: DNS labels (RFC 1123) of at most 31 characters, lower case only.
library Names {
    uint256 internal constant LIMIT = 31;

    /// A label, left-aligned and padded with zero bytes.
    function isLabel(bytes32 name) internal pure returns (bool) {
        uint256 length = 0;
        while (length < 32 && name[length] != 0) length++;
        if (length == 0 || length > LIMIT) return false;
        if (length < 32 && uint256(name << (length * 8)) != 0) return false;
        for (uint256 i = 0; i < length; i++) if (!_fits(name[i], i == 0 || i == length - 1)) return false;
        return true;
    }

    function isLabel(string memory name) internal pure returns (bool) {
        bytes memory text = bytes(name);
        return text.length <= LIMIT && isLabel(bytes32(text)) && text[text.length - 1] != 0;
    }

    /// The characters before the padding.
    function toString(bytes32 name) internal pure returns (string memory) {
        uint256 length = 0;
        while (length < 32 && name[length] != 0) length++;
        bytes memory text = new bytes(length);
        for (uint256 i = 0; i < length; i++) text[i] = name[i];
        return string(text);
    }

    /// `key=value`, left-aligned: both of a-z, 0-9, hyphen, dot, underscore, neither of them empty.
    function isPair(bytes32 pair) internal pure returns (bool) {
        uint256 equalsAt = 0;
        uint256 length = 0;
        for (; length < 32 && pair[length] != 0; length++) {
            bytes1 character = pair[length];
            if (character == "=") {
                if (equalsAt != 0) return false;
                equalsAt = length;
            } else if (!_fits(character, false) && character != "." && character != "_") {
                return false;
            }
        }
        if (equalsAt == 0 || equalsAt == length - 1) return false;
        return length == 32 || uint256(pair << (length * 8)) == 0;
    }

    function _fits(bytes1 character, bool atTheEdge) private pure returns (bool) {
        if (character == "-") return !atTheEdge;
        return (character >= "a" && character <= "z") || (character >= "0" && character <= "9");
    }
}
