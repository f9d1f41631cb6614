"""Writes the effect of a publication or removal: on hold, refused, or taken back (R16, R16a, R35)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from db.ledger.member import MemberToJudge
from db.ledger.record import Changes, NewModeration, NewVerdict
from db.ledger.verdicts import VerdictToResolve, verdict_of_business_key
from db.pool import Queryable
from loyalty.earning.context import context_of
from loyalty.earning.judgements import write_judgement
from loyalty.earning.moderated import AGAIN, known_review
from loyalty.earning.rules.activity import Activity, due_at, judge
from loyalty.earning.rules.moderation import (
    Removal,
    is_published_after,
    is_removal_outdated,
    removal_of,
    when_published,
)
from loyalty.ledger.answers import Answer, verdict_answer
from loyalty.ledger.clawback import write_reversal
from loyalty.ledger.resolve import Resolution, removal_key, reversal_of
from loyalty.programme.calendars import calendar_of
from loyalty.programme.catalogue import Catalogue
from loyalty.programme.programme import Programme
from loyalty.programme.rules.kinds import Code, EntryKind, Outcome
from loyalty.programme.rules.terms import Terms
from loyalty.refusals import NotFound

_PUBLISHED_AT, _REMOVED_AT = "published_at", "removed_at"
"""Facts of a review's verdict: when it happened, as the storefront sent it. The second: a removal came first."""


@dataclass(frozen=True, slots=True)
class ReviewNews:
    """A report about a review: its product, if it is named, and when it happened, if that is known."""

    review_id: str
    product_id: str | None
    occurred_at: datetime | None


@dataclass(frozen=True, slots=True)
class ModerationWriter:
    """The effect on one review or share of a member, while it is written into `changes`."""

    changes: Changes
    programme: Programme
    db: Queryable
    catalogue: Catalogue
    member: MemberToJudge
    key: str

    async def publish(self, news: ReviewNews) -> Answer:
        """A review that waited for publication goes on hold; one that was never submitted is judged now (R16a), also if
        its removal was reported before and happened before.

        Raises NotFound for an unknown review without a product.
        """
        verdict = await known_review(self.db, self.member.member_id, news.review_id)
        if verdict is not None and not self._counts_again(verdict, news):
            return self._publish_known(verdict)
        product_id = news.product_id or (verdict.reference if verdict is not None else None)
        if product_id is None:
            raise NotFound(sentence="There is no such review; with its product it would need no submission.")
        return self._judge_unsubmitted(news, product_id, AGAIN if verdict is not None else "review_id")

    def _counts_again(self, verdict: VerdictToResolve, news: ReviewNews) -> bool:
        return _REMOVED_AT in verdict.facts and is_published_after(
            news.occurred_at, _moment(verdict.facts[_REMOVED_AT])
        )

    def _publish_known(self, verdict: VerdictToResolve) -> Answer:
        hold = None
        if verdict.code == Code.WAITING_FOR_PUBLICATION:
            terms = self._terms_of(verdict)
            due = due_at(terms.ways[verdict.kind], self.member.now, terms, self.programme.hold_seconds)
            Resolution(self.changes, self.member, verdict).grant_after_hold(due, terms)
            hold = due - self.member.now
        elif verdict.outcome == Outcome.WAITING and verdict.published_at is None:
            self.changes.moderations.append(NewModeration(verdict.verdict_id, "PUBLISHED"))
        return self._answer(verdict.verdict_id, hold)

    def _judge_unsubmitted(self, news: ReviewNews, product_id: str, named: str) -> Answer:
        member, review_id = self.member, news.review_id
        terms = self.catalogue.terms_in_force(member.market, member.now)
        activity = Activity(EntryKind.REVIEW, product_id=product_id, review_id=review_id)
        known = context_of(member, self.catalogue, EntryKind.REVIEW)
        judgement = judge(activity, member.now, member.now, terms, calendar_of(member), known)
        way = terms.way(EntryKind.REVIEW)
        if way is not None:
            judgement = when_published(judgement, due_at(way, member.now, terms, self.programme.hold_seconds))
        verdict_id = write_judgement(
            self.changes,
            judgement,
            kind=EntryKind.REVIEW,
            key=self.key,
            source=EntryKind.REVIEW.lower(),
            reference=product_id,
            occurred_at=member.now,
            now=member.now,
            terms=terms,
            business_key=f"{named}:{review_id}",
            facts={_PUBLISHED_AT: news.occurred_at.isoformat()} if news.occurred_at is not None else None,
        )
        hold = judgement.due_at - member.now if judgement.due_at is not None else None
        return self._answer(verdict_id, hold)

    async def remove_review(self, news: ReviewNews) -> Answer:
        """A removal; one of a review that is not known yet stands, whenever its publication is reported (R16a)."""
        verdict = await known_review(self.db, self.member.member_id, news.review_id)
        if verdict is None:
            return self._answer(self._removed_first(news))
        if is_removal_outdated(news.occurred_at, _moment(verdict.facts.get(_PUBLISHED_AT))):
            return self._answer(verdict.verdict_id)
        return await self.remove(verdict, Code.REVIEW_REMOVED)

    def _removed_first(self, news: ReviewNews) -> UUID:
        member, verdict_id = self.member, uuid4()
        removed_at = news.occurred_at.isoformat() if news.occurred_at is not None else None
        self.changes.verdicts.append(
            NewVerdict(
                verdict_id=verdict_id,
                key=self.key,
                business_key=f"review_id:{news.review_id}",
                kind=EntryKind.REVIEW,
                outcome=Outcome.REFUSED,
                code=Code.REVIEW_REMOVED,
                points=0,
                reference=news.product_id,
                occurred_at=news.occurred_at or member.now,
                decided_at=member.now,
                terms_version=self.catalogue.terms_in_force(member.market, member.now).version,
                facts={_REMOVED_AT: removed_at},
            )
        )
        return verdict_id

    async def remove(self, verdict: VerdictToResolve, code: Code) -> Answer:
        """R35: refused while it waits, taken back when it was granted, and both only once."""
        before = await verdict_of_business_key(self.db, self.member.member_id, removal_key(verdict.verdict_id))
        return self._answer(before or self._remove(verdict, code))

    def _remove(self, verdict: VerdictToResolve, code: Code) -> UUID:
        """Removes it now; gives the id of the verdict on it."""
        resolution = Resolution(self.changes, self.member, verdict)
        match removal_of(verdict.outcome, self._terms_of(verdict).takes_back(verdict.kind)):
            case Removal.REFUSE:
                resolution.refuse(code)
            case Removal.TAKE_BACK:
                reversal = reversal_of(resolution, code, self.key, resolution.cancel())
                return write_reversal(self.changes, resolution.taken_back(), reversal)
            case Removal.ASK_OPERATOR:
                return self._ask_operator(resolution, code)
            case Removal.NOTHING:
                pass
        return verdict.verdict_id

    def _ask_operator(self, resolution: Resolution, code: Code) -> UUID:
        """The market's terms leave it to an operator: nothing moves until one has decided (R35)."""
        verdict, verdict_id = resolution.verdict, uuid4()
        pending = sum(promise.points for promise in verdict.open_promises)
        self.changes.verdicts.append(
            NewVerdict(
                verdict_id=verdict_id,
                key=self.key,
                business_key=removal_key(verdict.verdict_id),
                kind=EntryKind.CLAWBACK,
                outcome=Outcome.WAITING,
                code=Code.WAITING_FOR_OPERATOR,
                points=-(resolution.taken_back().points + pending),
                reference=None,
                occurred_at=self.member.now,
                decided_at=self.member.now,
                terms_version=verdict.terms_version,
                campaign_ids=verdict.campaign_ids,
                facts={"of": str(verdict.verdict_id), "held": "REMOVAL", "code": code},
            )
        )
        return verdict_id

    def _terms_of(self, verdict: VerdictToResolve) -> Terms:
        return self.catalogue.terms_called(self.member.market, verdict.terms_version)

    def _answer(self, verdict_id: UUID, hold: timedelta | None = None) -> Answer:
        return verdict_answer("PointsVerdict", self.member.member_id, verdict_id, hold)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text is not None else None
