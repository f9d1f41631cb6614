"""Reads the verdict on a review or a share that is moderated (R16, R35)."""

from uuid import UUID

from db.ledger.verdicts import VerdictToResolve, verdict_of_business_key, verdict_to_resolve
from db.pool import Queryable
from loyalty.programme.rules.kinds import EntryKind
from loyalty.refusals import NotFound

_SHARES = (EntryKind.SOCIAL_SHARE, EntryKind.LINK_SHARE)


AGAIN = "review_again"
"""The first part of the business key of a review that was published after a removal had been reported (R16a)."""


async def known_review(db: Queryable, member_id: UUID, review_id: str) -> VerdictToResolve | None:
    """The verdict on a member's review; None if there is none."""
    for key in (f"{AGAIN}:{review_id}", f"review_id:{review_id}"):
        verdict_id = await verdict_of_business_key(db, member_id, key)
        if verdict_id is not None:
            return await verdict_to_resolve(db, member_id, verdict_id)
    return None


async def share_of(db: Queryable, member_id: UUID, named: tuple[UUID, UUID] | None) -> VerdictToResolve:
    """A member's own share by (member, verdict). Raises NotFound for anything else."""
    owner, verdict_id = named or (None, None)
    verdict = None
    if owner == member_id and verdict_id is not None:
        verdict = await verdict_to_resolve(db, owner, verdict_id)
    if verdict is None or verdict.kind not in _SHARES:
        raise NotFound(sentence="There is no such share of this member.")
    return verdict
