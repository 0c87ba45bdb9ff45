// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// Asked by the fleet before a release starts, proceeds from its canary to all targets, or ends in a rollback.
/// No is whatever is not a clear yes: `false`, a revert, an answer of another form, more than 100,000 gas. A no to the start
/// refuses the approval; a no to proceeding or ending holds the decision back, at most until the health window ends, which
/// rolls back what may not proceed. Operators replace policies without asking them.
interface IRolloutPolicy {
    enum Moment {
        Start,
        Proceed,
        End
    }

    function allows(Moment moment, bytes32 app, uint64 revision) external view returns (bool);
}
