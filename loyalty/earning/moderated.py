"""Reads the verdict on a review or a share that is moderated (R16, R35)."""

from uuid import UUID

from db.ledger.verdicts import VerdictToResolve, verdict_of_business_key, verdict_to_resolve
from db.pool import Queryable
from loyalty.programme.rules.kinds import EntryKind
from loyalty.refusals import NotFound

_SHARES = (EntryKind.SOCIAL_SHARE, EntryKind.LINK_SHARE)


async def known_review(db: Queryable, member_id: UUID, review_id: str) -> VerdictToResolve | None:
    """The verdict on a member's review; None if there is none."""
    verdict_id = await verdict_of_business_key(db, member_id, f"review_id:{review_id}")
    return await verdict_to_resolve(db, member_id, verdict_id) if verdict_id is not None else None


async def review_of(db: Queryable, member_id: UUID, review_id: str) -> VerdictToResolve:
    """The verdict on a member's review. Raises NotFound."""
    verdict = await known_review(db, member_id, review_id)
    if verdict is None:
        raise NotFound(sentence="There is no such review.")
    return verdict


async def share_of(db: Queryable, member_id: UUID, named: tuple[UUID, UUID] | None) -> VerdictToResolve:
    """A member's own share by (member, verdict). Raises NotFound for anything else."""
    owner, verdict_id = named or (None, None)
    verdict = None
    if owner == member_id and verdict_id is not None:
        verdict = await verdict_to_resolve(db, owner, verdict_id)
    if verdict is None or verdict.kind not in _SHARES:
        raise NotFound(sentence="There is no such share of this member.")
    return verdict
