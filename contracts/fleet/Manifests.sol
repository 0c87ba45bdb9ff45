// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

// What the fleet itself demands of a release's bytes: that it is said up front, by content, what will run.
//
// A manifest is canonical JSON. Of a Compose file its first key is `images`, a list of texts that end in `sha256:` and 64
// hexadecimal digits: `name@sha256:…`, or an image id. The services name their images by their place in that list and cannot
// name any other, so this prefix is all that needs to be read here. Of the devices' own software the first key is `kind`, and
// that form knows its payloads by their SHA-256 and nothing else. The rest is read by the devices, which refuse what is not a
// manifest whoever has approved it.
library Manifests {
    bytes private constant IMAGES = '{"images":["';
    bytes private constant FIRMWARE = '{"kind":"firmware","payloads":{"';
    bytes private constant SYSTEM = '{"kind":"os","payloads":{"';
    uint256 private constant HEX_DIGITS = 64;
    uint256 private constant ID_LENGTH = 71; // of `sha256:` and the digits

    enum Fault {
        None,
        NoManifest,
        NotPinned
    }

    /// What is wrong, and of what is not pinned the place in the content.
    function check(bytes calldata content) internal pure returns (Fault fault, uint256 from, uint256 to) {
        if (content[content.length - 1] != "}") return (Fault.NoManifest, 0, 0);
        if (_startsWith(content, FIRMWARE) || _startsWith(content, SYSTEM)) return (Fault.None, 0, 0);
        if (!_startsWith(content, IMAGES)) return (Fault.NoManifest, 0, 0);
        from = IMAGES.length;
        while (true) {
            to = _closingQuote(content, from);
            if (to + 2 >= content.length) return (Fault.NoManifest, 0, 0);
            if (!_isPinned(content[from:to])) return (Fault.NotPinned, from, to);
            if (content[to + 1] == "]") return (Fault.None, 0, 0);
            if (content[to + 1] != "," || content[to + 2] != '"') return (Fault.NoManifest, 0, 0);
            from = to + 3;
        }
    }

    function _startsWith(bytes calldata content, bytes memory start) private pure returns (bool) {
        return content.length >= start.length && keccak256(content[:start.length]) == keccak256(start);
    }

    /// The content's length where there is none, or where an escape comes before it: no reference to an image needs one.
    function _closingQuote(bytes calldata content, uint256 from) private pure returns (uint256) {
        for (; from < content.length; from = _next(from)) {
            uint256 character = _characterAt(content, from);
            if (character == 0x22) return from; // "
            if (character == 0x5c) return content.length; // backslash
        }
        return from;
    }

    function _isPinned(bytes calldata image) private pure returns (bool) {
        if (image.length < ID_LENGTH) return false;
        uint256 idFrom = image.length - ID_LENGTH;
        // A name before it ends in an @.
        if (idFrom != 0 && (idFrom == 1 || image[idFrom - 1] != "@")) return false;
        if (bytes7(image[idFrom:]) != "sha256:") return false;
        for (uint256 i = image.length - HEX_DIGITS; i < image.length; i = _next(i)) {
            uint256 digit = _characterAt(image, i);
            bool isDigit = digit >= 0x30 && digit <= 0x39;
            if (!isDigit && (digit < 0x61 || digit > 0x66)) return false;
        }
        return true;
    }

    function _next(uint256 i) private pure returns (uint256) {
        unchecked {
            return i + 1;
        }
    }

    /// Without a look at the length, which the callers have had.
    function _characterAt(bytes calldata text, uint256 i) private pure returns (uint256 character) {
        assembly ("memory-safe") {
            character := byte(0, calldataload(add(text.offset, i)))
        }
    }
}
