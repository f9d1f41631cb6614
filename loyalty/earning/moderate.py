"""What the storefront says of reviews and shares: published, or taken down (R16, R16a, R35)."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from db.ledger.member import MemberRef, MemberToJudge
from db.ledger.record import Changes, NewModeration, NewVerdict
from db.ledger.verdicts import VerdictToResolve, verdict_of_business_key, verdict_to_resolve
from db.pool import Queryable
from loyalty.callers import Caller
from loyalty.earning.earn import earning_context
from loyalty.earning.judgements import write_judgement
from loyalty.earning.rules.activity import Activity, due_at, judge
from loyalty.earning.rules.moderation import Removal, removal_of, when_published
from loyalty.ledger.answers import Answer, Decided, request_of, verdict_answer
from loyalty.ledger.clawback import points_of, write_reversal
from loyalty.ledger.decide import decide
from loyalty.ledger.resolve import Resolution, credit_first, removal_key, reversal_of
from loyalty.programme.calendars import calendar_of
from loyalty.programme.catalogue import Catalogue
from loyalty.programme.programme import Programme
from loyalty.programme.rules.kinds import Code, EntryKind, Outcome
from loyalty.programme.rules.terms import Terms
from loyalty.refusals import MemberNotActive, NotFound

_SHARES = (EntryKind.SOCIAL_SHARE, EntryKind.LINK_SHARE)


@dataclass(frozen=True, slots=True)
class ReviewPublished:
    """A review is on the site. With its product it needs no submission from the app (R16a)."""

    review_id: str
    product_id: str | None = None


@dataclass(frozen=True, slots=True)
class ReviewRemoved:
    """A review was taken down, before or after its publication."""

    review_id: str


@dataclass(frozen=True, slots=True)
class ShareRemoved:
    """A share was taken down, named by the verdict it was given; None for what is no verdict's id."""

    verdict: tuple[UUID, UUID] | None


Moderation = ReviewPublished | ReviewRemoved | ShareRemoved


async def record_moderation(programme: Programme, caller: Caller, mi_id: str, told: Moderation, key: str) -> Decided:
    """Turns or takes back what a member was granted for a review or a share; told again it is the same verdict (R61).

    Refusals: NotAMember, NotFound for an unknown review or share, MemberNotActive for a closed membership,
    IdempotencyMismatch. A suspended member's holds pause, and are kept (R5).
    """
    who = MemberRef(mi_id=mi_id)
    request = request_of(caller, "recordModeration", key, [mi_id, type(told).__name__, _asked(told)])
    await credit_first(programme, who)

    async def judge_moderation(db: Queryable, member: MemberToJudge) -> tuple[Changes, Answer]:
        if member.state == "CLOSED":
            raise MemberNotActive(member.state)
        catalogue = await programme.catalogue_at(member.programme_version, db)
        desk = _Desk(programme, db, catalogue, member, key)
        match told:
            case ReviewPublished():
                return await desk.published(told)
            case ReviewRemoved():
                return await desk.removed(await desk.review(told.review_id), Code.REVIEW_REMOVED)
            case ShareRemoved():
                return await desk.removed(await desk.share(told.verdict), Code.SHARE_REMOVED)

    product_id = told.product_id if isinstance(told, ReviewPublished) else None
    answer = await decide(
        programme.db, who, request, judge_moderation, slot_kind=EntryKind.REVIEW, product_id=product_id
    )
    return Decided.of(answer)


def _asked(told: Moderation) -> list[str | None]:
    match told:
        case ReviewPublished():
            return [told.review_id, told.product_id]
        case ReviewRemoved():
            return [told.review_id]
        case ShareRemoved():
            return [str(part) for part in told.verdict or ()]


@dataclass(frozen=True, slots=True)
class _Desk:
    """One telling about one member, while it is judged."""

    programme: Programme
    db: Queryable
    catalogue: Catalogue
    member: MemberToJudge
    key: str

    async def published(self, told: ReviewPublished) -> tuple[Changes, Answer]:
        """What waited for its publication is on hold; what was never submitted is judged now (R16a)."""
        verdict = await self._known_review(told.review_id)
        if verdict is not None:
            return self._publish(verdict)
        if told.product_id is None:
            raise NotFound(sentence="There is no such review; with its product it would need no submission.")
        return self._judge_unsubmitted(told.review_id, told.product_id)

    def _publish(self, verdict: VerdictToResolve) -> tuple[Changes, Answer]:
        changes, hold = Changes(), None
        if verdict.code == Code.WAITING_FOR_PUBLICATION:
            terms = self._terms_of(verdict)
            due = due_at(terms.ways[verdict.kind], self.member.now, terms, self.programme.hold_seconds)
            Resolution(changes, self.member, verdict).grant_after_hold(due, terms)
            hold = due - self.member.now
        elif verdict.outcome == Outcome.WAITING and verdict.published_at is None:
            changes.moderations.append(NewModeration(verdict.verdict_id, "PUBLISHED"))
        return changes, self._answer(verdict.verdict_id, hold)

    def _judge_unsubmitted(self, review_id: str, product_id: str) -> tuple[Changes, Answer]:
        member = self.member
        activity = Activity(EntryKind.REVIEW, product_id=product_id, review_id=review_id)
        terms = self.catalogue.terms_for(member.market, member.now)
        assert terms is not None
        known = earning_context(member, self.catalogue, EntryKind.REVIEW)
        judgement = judge(activity, member.now, member.now, terms, calendar_of(member), known)
        way = terms.way(EntryKind.REVIEW)
        if way is not None:
            judgement = when_published(judgement, due_at(way, member.now, terms, self.programme.hold_seconds))
        changes = Changes()
        verdict_id = write_judgement(
            changes,
            judgement,
            kind=EntryKind.REVIEW,
            key=self.key,
            source=EntryKind.REVIEW.lower(),
            reference=product_id,
            occurred_at=member.now,
            now=member.now,
            terms=terms,
            business_key=f"review_id:{review_id}",
        )
        hold = judgement.due_at - member.now if judgement.due_at is not None else None
        return changes, self._answer(verdict_id, hold)

    async def removed(self, verdict: VerdictToResolve, code: Code) -> tuple[Changes, Answer]:
        """R35: refused while it waits, taken back when it was granted, and both only once."""
        before = await verdict_of_business_key(self.db, self.member.member_id, removal_key(verdict.verdict_id))
        if before is not None:
            return Changes(), self._answer(before)
        changes = Changes()
        turning = Resolution(changes, self.member, verdict)
        match removal_of(verdict.outcome, self._terms_of(verdict).takes_back(verdict.kind)):
            case Removal.REFUSE:
                turning.refuse(code)
                return changes, self._answer(verdict.verdict_id)
            case Removal.TAKE_BACK:
                reversal = reversal_of(turning, code, self.key, turning.cancel())
                return changes, self._answer(write_reversal(changes, turning.taken_back(), reversal))
            case Removal.ASK_OPERATOR:
                return changes, self._answer(self._ask_operator(changes, turning, code))
            case Removal.NOTHING:
                return changes, self._answer(verdict.verdict_id)

    def _ask_operator(self, changes: Changes, turning: Resolution, code: Code) -> UUID:
        """The market's terms leave it to an operator: nothing moves until one has decided (R35)."""
        verdict, verdict_id = turning.verdict, uuid4()
        pending = sum(promise.points for promise in verdict.open_promises)
        changes.verdicts.append(
            NewVerdict(
                verdict_id=verdict_id,
                key=self.key,
                business_key=removal_key(verdict.verdict_id),
                kind=EntryKind.CLAWBACK,
                outcome=Outcome.WAITING,
                code=Code.WAITING_FOR_OPERATOR,
                points=-(points_of(turning.taken_back()) + pending),
                reference=None,
                occurred_at=self.member.now,
                decided_at=self.member.now,
                terms_version=verdict.terms_version,
                campaign_ids=verdict.campaign_ids,
                facts={"of": str(verdict.verdict_id), "held": "REMOVAL", "code": code},
            )
        )
        return verdict_id

    async def review(self, review_id: str) -> VerdictToResolve:
        """The verdict a review was given. Raises NotFound."""
        verdict = await self._known_review(review_id)
        if verdict is None:
            raise NotFound(sentence="There is no such review.")
        return verdict

    async def share(self, named: tuple[UUID, UUID] | None) -> VerdictToResolve:
        """The member's own share by its verdict. Raises NotFound for anything else."""
        owner, verdict_id = named or (None, None)
        verdict = None
        if owner == self.member.member_id and verdict_id is not None:
            verdict = await verdict_to_resolve(self.db, owner, verdict_id)
        if verdict is None or verdict.kind not in _SHARES:
            raise NotFound(sentence="There is no such share of this member.")
        return verdict

    async def _known_review(self, review_id: str) -> VerdictToResolve | None:
        member_id = self.member.member_id
        verdict_id = await verdict_of_business_key(self.db, member_id, f"review_id:{review_id}")
        return await verdict_to_resolve(self.db, member_id, verdict_id) if verdict_id is not None else None

    def _terms_of(self, verdict: VerdictToResolve) -> Terms:
        return self.catalogue.terms_called(self.member.market, verdict.terms_version)

    def _answer(self, verdict_id: UUID, hold: timedelta | None = None) -> Answer:
        return verdict_answer("PointsVerdict", self.member.member_id, verdict_id, hold)
