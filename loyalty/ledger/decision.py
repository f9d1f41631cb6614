"""One decision about a member as a value: the member, the request, the judge, and the step that follows."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from db.coupons.rows import CouponRow
from db.ledger.member import NOTHING_MORE, MemberRef, MemberToJudge, Reads
from db.ledger.record import Changes
from db.pool import Queryable
from loyalty.ledger.answers import Answer, Request
from loyalty.ledger.written import Written


@dataclass(frozen=True, slots=True)
class Ruling:
    """A judge's result: the answer to store under the idempotency key, the member's changes, and the coupon that they
    are about, as it was judged."""

    answer: Answer
    changes: Changes
    coupon: CouponRow | None = None


@dataclass(frozen=True, slots=True)
class DecisionResult:
    """The answer to a request, and what was written; None if nothing was, as for a request that is repeated, or if
    more was written afterwards."""

    answer: Answer
    written: Written | None = None


Judge = Callable[[Queryable, MemberToJudge], Awaitable[Ruling]]
"""Judges one member as of one version, and writes nothing. Raises a Refusal to say no."""

Afterwards = Callable[[Queryable, MemberToJudge], Awaitable[None]]
"""The step that follows a decision; it gets the member as it was judged."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One request about one member. `afterwards` runs once, in the same transaction as the writing. With
    `in_transaction` the judge does, too, because it locks rows of its own."""

    who: MemberRef
    request: Request
    judge: Judge
    reads: Reads = NOTHING_MORE
    afterwards: Afterwards | None = None
    in_transaction: bool = False
