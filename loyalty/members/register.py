"""Joining the programme (R1-R4, R10): one member per Mi account, with sign-up points."""

from contextlib import suppress
from dataclasses import dataclass

from db.ledger.answers import RequestToJudge, keep_answer, request_to_judge
from db.ledger.member import MemberRef, MemberToJudge, member_to_judge
from db.ledger.record import Changes, NewRequest, Stale, record
from db.ledger.verdicts import verdict_of_business_key
from db.pool import Database, Queryable
from loyalty.callers import Caller
from loyalty.ledger.answers import (
    Answer,
    Decided,
    Request,
    first_answer,
    refusal_answer,
    request_of,
    verdict_answer,
)
from loyalty.ledger.behind_lock import CONFLICTS, retry_behind_lock
from loyalty.ledger.decision import DecisionResult
from loyalty.members.eligibility import Registration, terms_of_joining
from loyalty.members.newcomer import SIGN_UP, Newcomer
from loyalty.programme.programme import Programme
from loyalty.refusals import NotEligible, stored_refusal


async def register(programme: Programme, caller: Caller, registration: Registration, key: str) -> Decided:
    """Makes a member of a Mi account and promises the sign-up points; joining twice is the same member.

    Refusals: NotEligible MARKET_CLOSED or UNDER_AGE (only the key and a hash are stored of the person),
    InvalidInput for dates out of range or a time zone that is not the market's, IdempotencyMismatch.
    """
    request = request_of(caller, "registerMember", key, _arguments(registration))
    joining = _Joining(programme, registration, request)
    result = await _first_without_lock(programme.db, joining)
    refusal = stored_refusal(dict(result.answer))
    if refusal is not None:
        raise refusal
    return Decided.of(result.answer, result.written)


def _arguments(registration: Registration) -> list[object]:
    return [
        registration.mi_id,
        registration.market,
        registration.birth_date,
        registration.time_zone,
        registration.registered_at,
    ]


@dataclass(frozen=True, slots=True)
class _Joining:
    """A person who joins, while that is decided. There is no member to judge yet."""

    programme: Programme
    registration: Registration
    request: Request

    @property
    def who(self) -> MemberRef:
        """The member that the person is, or becomes."""
        return MemberRef(mi_id=self.registration.mi_id)

    async def attempt(self, db: Queryable) -> DecisionResult:
        """Decides by what is read now. Raises Stale if another write came first."""
        member = await member_to_judge(db, self.who, service_id=self.request.service_id, key=self.request.key)
        if member is not None:
            return DecisionResult(await _answer_again(db, member, self.request))
        moment = await request_to_judge(db, self.request.service_id, self.request.key)
        if moment.earlier_answer is not None:
            return DecisionResult(first_answer(moment.earlier_answer, self.request))
        return await self._answer_newcomer(db, moment)

    async def _answer_newcomer(self, db: Queryable, moment: RequestToJudge) -> DecisionResult:
        catalogue = await self.programme.catalogue_at(moment.programme_version, db)
        joined_at = self.registration.registered_at or moment.now
        try:
            terms = terms_of_joining(catalogue, self.registration, joined_at, moment.now)
        except NotEligible as refusal:
            return DecisionResult(await self._keep_refusal(db, refusal))
        newcomer = Newcomer(self.programme, self.registration, self.request, joined_at, terms, catalogue)
        return await self.programme.db.in_transaction(newcomer.join)

    async def _keep_refusal(self, db: Queryable, refusal: NotEligible) -> Answer:
        """Stores a refusal under a service's key, and of the person only a salted hash (R3, R62). Raises Stale."""
        request = self.request
        person_hash = await self.programme.person_hash(self.registration.mi_id, db)
        answer = {**refusal_answer(request, refusal), "person_hash": person_hash.hex()}
        if request.service_id is not None and not await keep_answer(
            db, request.service_id, request.key, request.input_hash, answer
        ):
            raise Stale
        return answer


async def _first_without_lock(db: Database, joining: _Joining) -> DecisionResult:
    """Decides without a lock; after a conflict with another write, decides again behind the member's lock."""
    with suppress(*CONFLICTS):
        return await joining.attempt(db)
    return await retry_behind_lock(db, joining.who, joining.attempt)


async def _answer_again(db: Queryable, member: MemberToJudge, request: Request) -> Answer:
    """A member joins once; later registrations change nothing (R4): the first membership and its verdict."""
    if member.earlier_answer is not None:
        return first_answer(member.earlier_answer, request)
    verdict_id = await verdict_of_business_key(db, member.member_id, SIGN_UP)
    if verdict_id is None:
        raise Stale
    answer = verdict_answer("MemberRegistered", member.member_id, verdict_id)
    stored = NewRequest(request.service_id or member.member_id, request.key, request.input_hash, answer)
    await record(db, member, Changes(requests=[stored]))
    return answer
