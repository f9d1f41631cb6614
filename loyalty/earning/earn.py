"""Earns points by an activity in the app (R10-R23): one activity gets one verdict, and its points are promised."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from db.ledger.member import MemberRef, MemberToJudge, Reads
from db.ledger.record import Changes
from db.ledger.verdicts import verdict_of_business_key
from db.pool import Queryable
from loyalty.callers import Caller
from loyalty.earning.context import context_of
from loyalty.earning.judgements import write_judgement
from loyalty.earning.rules.activity import Activity, Judgement, judge, too_late_or_early
from loyalty.earning.velocity import CheckedJudgement, check_velocity
from loyalty.ledger.answers import Decided, request_of, verdict_answer
from loyalty.ledger.decide import decide
from loyalty.ledger.decision import Decision, Ruling
from loyalty.programme.calendars import calendar_of
from loyalty.programme.catalogue import Catalogue
from loyalty.programme.programme import Programme
from loyalty.programme.rules.kinds import CapPeriod
from loyalty.programme.rules.terms import Terms
from loyalty.refusals import InvalidInput, MemberNotActive


async def earn(
    programme: Programme, caller: Caller, activity: Activity, occurred_at: datetime | None, key: str
) -> Decided:
    """Judges one activity of the calling member and promises its points.

    The same key gets the same verdict (R61). Refusals: NotAMember, MemberNotActive (R5), InvalidInput for a time in
    the future or too long ago (R23), IdempotencyMismatch.
    """
    request = request_of(caller, "earnPoints", key, [_arguments(activity), occurred_at], {"activity": activity.kind})
    earning = _Earning(programme, activity, occurred_at, key)
    reads = Reads(slot_kind=activity.kind, product_id=activity.product_id)
    decision = Decision(MemberRef(mi_id=caller.name), request, earning.judge, reads)
    result = await decide(programme.db, decision)
    return Decided.of(result.answer, result.written)


@dataclass(frozen=True, slots=True)
class _Earning:
    """One activity while it is judged; if `occurred_at` is None, it happened now."""

    programme: Programme
    activity: Activity
    occurred_at: datetime | None
    key: str

    async def judge(self, db: Queryable, member: MemberToJudge) -> Ruling:
        """The verdict on the activity, or the verdict that its review already has (R61)."""
        if member.state != "ACTIVE":
            raise MemberNotActive(member.state)
        happened = self.occurred_at or member.now
        catalogue = await self.programme.catalogue_at(member.programme_version, db)
        terms = _terms_of(catalogue, member, happened)
        _check_product(self.activity, terms)
        known = await _known_review(db, member, self.activity)
        if known is not None:
            return Ruling(verdict_answer("PointsVerdict", member.member_id, known), Changes())
        judgement = self._judgement(member, catalogue, happened, terms)
        checked = await check_velocity(self.programme, db, member, terms, self.activity.device_id, judgement)
        changes = Changes()
        verdict_id = self._write(changes, checked, happened, member, terms)
        hold = hold_of(checked.judgement, member)
        return Ruling(verdict_answer("PointsVerdict", member.member_id, verdict_id, hold), changes)

    def _judgement(self, member: MemberToJudge, catalogue: Catalogue, happened: datetime, terms: Terms) -> Judgement:
        return judge(
            self.activity,
            happened,
            member.now,
            terms,
            calendar_of(member),
            context_of(member, catalogue, self.activity.kind),
            self.programme.hold_seconds,
        )

    def _write(
        self, changes: Changes, checked: CheckedJudgement, happened: datetime, member: MemberToJudge, terms: Terms
    ) -> UUID:
        activity = self.activity
        return write_judgement(
            changes,
            checked.judgement,
            kind=activity.kind,
            key=self.key,
            source=activity.kind.lower(),
            reference=activity.product_id,
            occurred_at=happened,
            now=member.now,
            terms=terms,
            business_key=_review_key(activity),
            facts=checked.facts,
        )


def hold_of(judgement: Judgement, member: MemberToJudge) -> timedelta | None:
    """How long the points are on hold; None if they wait for something else."""
    return judgement.due_at - member.now if judgement.due_at is not None else None


def _arguments(activity: Activity) -> list[str | None]:
    return [
        activity.kind,
        activity.product_id,
        activity.review_id,
        activity.url,
        activity.network,
        activity.device_id,
    ]


def _terms_of(catalogue: Catalogue, member: MemberToJudge, happened: datetime) -> Terms:
    """The terms in force at the moment of the event. Raises InvalidInput if that moment is not accepted (R23)."""
    terms = catalogue.terms_for(member.market, happened) or catalogue.terms[member.market][0]
    problem = too_late_or_early(happened, member.now, member.joined_at, terms)
    if problem == "OCCURRED_IN_FUTURE":
        raise InvalidInput("This lies in the future.", "input", "occurredAt", code=problem)
    if problem is not None:
        raise InvalidInput(
            f"This happened before you joined or more than {terms.late_hours} hours ago.",
            "input",
            "occurredAt",
            code=problem,
        )
    return terms


def _check_product(activity: Activity, terms: Terms) -> None:
    """Raises InvalidInput for a way that earns once for each product, if no product is named (R22)."""
    way = terms.way(activity.kind)
    if way is not None and way.cap_period == CapPeriod.PER_PRODUCT and activity.product_id is None:
        raise InvalidInput("This earns once for each product: name it.", "input", "activity", "other", "productId")


async def _known_review(db: Queryable, member: MemberToJudge, activity: Activity) -> UUID | None:
    """The verdict that this review already has under any idempotency key (R61); None if it has none."""
    key = _review_key(activity)
    return await verdict_of_business_key(db, member.member_id, key) if key is not None else None


def _review_key(activity: Activity) -> str | None:
    """The business key of a review: its own id, separate from the product's slot."""
    return f"review_id:{activity.review_id}" if activity.review_id is not None else None
