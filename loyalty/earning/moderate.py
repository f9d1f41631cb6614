"""The storefront reports that a review was published, or that a review or share was removed (R16, R16a, R35)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from db.ledger.member import MemberRef, MemberToJudge, Reads
from db.ledger.record import Changes
from db.pool import Queryable
from loyalty.callers import Caller
from loyalty.earning.moderated import share_of
from loyalty.earning.moderation_writer import ModerationWriter, ReviewNews
from loyalty.ledger.answers import Decided, request_of
from loyalty.ledger.decide import decide
from loyalty.ledger.decision import Decision, Ruling
from loyalty.ledger.resolve import credit_first
from loyalty.programme.programme import Programme
from loyalty.programme.rules.kinds import Code, EntryKind
from loyalty.refusals import MemberNotActive


@dataclass(frozen=True, slots=True)
class ReviewPublished:
    """A review is on the site. With its product it needs no submission from the app (R16a). `occurred_at`, if the
    storefront sends it, decides between this and a removal."""

    review_id: str
    product_id: str | None = None
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReviewRemoved:
    """A review was taken down, before or after its publication, which may be reported later (R16a)."""

    review_id: str
    product_id: str | None = None
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ShareRemoved:
    """A share was taken down, named by its verdict as (member, verdict); None if the sent id is not a verdict's."""

    verdict: tuple[UUID, UUID] | None


Moderation = ReviewPublished | ReviewRemoved | ShareRemoved


async def record_moderation(
    programme: Programme, caller: Caller, mi_id: str, moderation: Moderation, key: str
) -> Decided:
    """Resolves or reverses the verdict on a review or a share; reported again it gives the same verdict (R61).

    Refusals: NotAMember, NotFound for an unknown share, or for an unknown review that is published without a product,
    MemberNotActive for a closed membership, IdempotencyMismatch. A suspended member's holds pause and stay (R5).
    """
    who = MemberRef(mi_id=mi_id)
    request = request_of(caller, "recordModeration", key, [mi_id, type(moderation).__name__, _arguments(moderation)])
    await credit_first(programme, who)
    product_id = moderation.product_id if isinstance(moderation, ReviewPublished) else None
    reads = Reads(slot_kind=EntryKind.REVIEW, product_id=product_id)
    decision = Decision(who, request, _Moderating(programme, moderation, key).judge, reads)
    result = await decide(programme.db, decision)
    return Decided.of(result.answer, result.written)


@dataclass(frozen=True, slots=True)
class _Moderating:
    """A report about a review or a share, while it is judged."""

    programme: Programme
    moderation: Moderation
    key: str

    async def judge(self, db: Queryable, member: MemberToJudge) -> Ruling:
        """The verdict on the review or share as it is from now on."""
        if member.state == "CLOSED":
            raise MemberNotActive(member.state)
        catalogue = await self.programme.catalogue_at(member.programme_version, db)
        writer = ModerationWriter(Changes(), self.programme, db, catalogue, member, self.key)
        match self.moderation:
            case ReviewPublished():
                answer = await writer.publish(_news(self.moderation, member))
            case ReviewRemoved():
                answer = await writer.remove_review(_news(self.moderation, member))
            case ShareRemoved():
                answer = await writer.remove(
                    await share_of(db, member.member_id, self.moderation.verdict), Code.SHARE_REMOVED
                )
        return Ruling(answer, writer.changes)


def _news(moderation: ReviewPublished | ReviewRemoved, member: MemberToJudge) -> ReviewNews:
    """The report for the writer; a moment in the future is now."""
    at = moderation.occurred_at
    return ReviewNews(moderation.review_id, moderation.product_id, min(at, member.now) if at is not None else None)


def _arguments(moderation: Moderation) -> list[str | None]:
    match moderation:
        case ReviewPublished():
            return [moderation.review_id, moderation.product_id, *_moment(moderation.occurred_at)]
        case ReviewRemoved():
            about = [moderation.product_id] if moderation.product_id is not None else []
            return [moderation.review_id, *about, *_moment(moderation.occurred_at)]
        case ShareRemoved():
            return [str(part) for part in moderation.verdict or ()]


def _moment(occurred_at: datetime | None) -> list[str]:
    return [occurred_at.astimezone(UTC).isoformat()] if occurred_at is not None else []
