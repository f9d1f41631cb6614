"""A person becomes a member, with the sign-up verdict and its points (R1, R10)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from db.ledger.member import MemberRef, MemberToJudge, member_to_judge
from db.ledger.record import Changes, NewRequest, NewSlot, Stale, record
from db.members.join import join_member
from db.members.membership import given_once
from db.pool import Queryable
from loyalty.earning.earn import hold_of
from loyalty.earning.judgements import write_judgement
from loyalty.earning.rules.activity import Activity, EarningContext, Judgement, judge
from loyalty.earning.rules.caps import Slot
from loyalty.ledger.answers import Request, verdict_answer
from loyalty.ledger.decision import DecisionResult
from loyalty.ledger.written import Written
from loyalty.members.eligibility import Registration
from loyalty.programme.calendars import calendar_of
from loyalty.programme.catalogue import Catalogue
from loyalty.programme.programme import Programme
from loyalty.programme.rules.kinds import EntryKind
from loyalty.programme.rules.terms import Terms

SIGN_UP = "sign_up"


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A person who may join, with the terms it joins under."""

    programme: Programme
    registration: Registration
    request: Request
    joined_at: datetime
    terms: Terms
    catalogue: Catalogue

    async def join(self, transaction: Queryable) -> DecisionResult:
        """In one transaction: the member, the sign-up verdict, its promise, and the answer to the key.

        An erased person who joins again has already had the points that are given once (R71): those slots are taken
        from the start. Raises Stale where the person has joined meanwhile.
        """
        member = await self._new_member(transaction)
        person_hash = await self.programme.person_hash(self.registration.mi_id, transaction)
        given = await given_once(transaction, person_hash)
        taken = frozenset(Slot(kind, "", 1) for kind in given if kind in self.terms.ways)
        judgement, changes = self._judgement(member, taken), Changes()
        verdict_id = self._write(changes, judgement, member.now)
        changes.slots.extend(NewSlot(slot.kind, slot.period, slot.n, verdict_id) for slot in taken)
        answer = verdict_answer("MemberRegistered", member.member_id, verdict_id, hold_of(judgement, member))
        caller_id = self.request.service_id or member.member_id
        changes.requests.append(NewRequest(caller_id, self.request.key, self.request.input_hash, answer))
        await record(transaction, member, changes)
        return DecisionResult(answer, Written(member, changes))

    async def _new_member(self, transaction: Queryable) -> MemberToJudge:
        registration, member_id = self.registration, uuid4()
        time_zone = registration.time_zone or self.terms.zone
        if not await join_member(
            transaction, registration.mi_id, member_id, registration.market, time_zone, self.joined_at
        ):
            raise Stale
        member = await member_to_judge(transaction, MemberRef(member_id=member_id))
        assert member is not None
        return member

    def _judgement(self, member: MemberToJudge, taken: frozenset[Slot]) -> Judgement:
        return judge(
            Activity(EntryKind.SIGN_UP),
            self.joined_at,
            member.now,
            self.terms,
            calendar_of(member),
            EarningContext(slots=taken, campaigns=self.catalogue.campaigns),
            self.programme.hold_seconds,
        )

    def _write(self, changes: Changes, judgement: Judgement, now: datetime) -> UUID:
        return write_judgement(
            changes,
            judgement,
            kind=EntryKind.SIGN_UP,
            key=self.request.key,
            source=SIGN_UP,
            reference=None,
            occurred_at=self.joined_at,
            now=now,
            terms=self.terms,
            business_key=SIGN_UP,
        )
