"""Joining the programme (R1-R4, R10): one member per Mi account, with sign-up points."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from db.ledger.answers import RequestToJudge, keep_answer, request_to_judge
from db.ledger.member import MemberRef, MemberToJudge, member_to_judge
from db.ledger.record import Changes, NewRequest, NewSlot, Stale, record
from db.ledger.verdicts import verdict_of_business_key
from db.members.join import join_member
from db.members.membership import given_once
from db.pool import Queryable
from loyalty.callers import Caller
from loyalty.earning.earn import hold_of
from loyalty.earning.judgements import write_judgement
from loyalty.earning.rules.activity import Activity, EarningContext, judge
from loyalty.earning.rules.caps import Slot
from loyalty.ledger.answers import Answer, Decided, Request, first_answer, request_of, verdict_answer
from loyalty.ledger.decide import retry_behind_lock
from loyalty.programme.calendars import calendar_of
from loyalty.programme.catalogue import Catalogue
from loyalty.programme.programme import Programme
from loyalty.programme.rules.calendar import is_of_age
from loyalty.programme.rules.kinds import EntryKind
from loyalty.programme.rules.terms import Terms
from loyalty.refusals import BeforeTheProgramme, InvalidInput, NotEligible, as_answer, kept_refusal

_SIGN_UP = "sign_up"
_OLDEST = 150


@dataclass(frozen=True, slots=True)
class Registration:
    """What the storefront tells of a person who joined. `registered_at` is when they joined (default: now)."""

    mi_id: str
    market: str
    birth_date: date
    time_zone: str | None = None
    registered_at: datetime | None = None


async def register(programme: Programme, caller: Caller, registration: Registration, key: str) -> Decided:
    """Makes a member of a Mi account and promises the sign-up points; joining twice is the same member.

    Refusals: NotEligible MARKET_CLOSED or UNDER_AGE (nothing about the person is kept but the key and a hash),
    InvalidInput for dates out of range or a time zone that is not the market's, IdempotencyMismatch.
    """
    request = request_of(caller, "registerMember", key, _asked(registration))
    who = MemberRef(mi_id=registration.mi_id)

    async def attempt(db: Queryable) -> Answer:
        member = await member_to_judge(db, who, service_id=request.service_id, key=key)
        if member is not None:
            return await _answer_again(db, member, request)
        moment = await request_to_judge(db, request.service_id, key)
        if moment.kept is not None:
            return first_answer(moment.kept, request)
        return await _answer_newcomer(programme, db, registration, request, moment)

    answer = await retry_behind_lock(programme.db, who, attempt)
    refusal = kept_refusal(dict(answer))
    if refusal is not None:
        raise refusal
    return Decided.of(answer)


def _asked(registration: Registration) -> list[object]:
    return [
        registration.mi_id,
        registration.market,
        registration.birth_date,
        registration.time_zone,
        registration.registered_at,
    ]


async def _answer_again(db: Queryable, member: MemberToJudge, request: Request) -> Answer:
    """A member joins once, whatever is told later (R4): the first membership and its verdict."""
    if member.kept is not None:
        return first_answer(member.kept, request)
    verdict_id = await verdict_of_business_key(db, member.member_id, _SIGN_UP)
    if verdict_id is None:
        raise Stale
    answer = verdict_answer("MemberRegistered", member.member_id, verdict_id)
    await record(db, member.member_id, member.version, Changes(requests=[_kept(member.member_id, request, answer)]))
    return answer


def _kept(member_id: UUID, request: Request, answer: Answer) -> NewRequest:
    return NewRequest(request.service_id or member_id, request.key, request.input_hash, answer)


async def _answer_newcomer(
    programme: Programme, db: Queryable, registration: Registration, request: Request, moment: RequestToJudge
) -> Answer:
    catalogue = await programme.catalogue_at(moment.programme_version, db)
    joined_at = registration.registered_at or moment.now
    try:
        terms = _terms_of_joining(catalogue, registration, joined_at, moment.now)
    except NotEligible as refusal:
        answer = as_answer(refusal)
        if request.service_id is not None:
            kept = await keep_answer(db, request.service_id, request.key, request.input_hash, answer)
            if not kept:
                raise Stale from None
        return answer

    async def join(transaction: Queryable) -> Answer:
        return await _join(programme, transaction, registration, request, joined_at, terms, catalogue)

    return await programme.db.in_transaction(join)


def _terms_of_joining(catalogue: Catalogue, registration: Registration, joined_at: datetime, now: datetime) -> Terms:
    """The terms a person joins under. Raises NotEligible or InvalidInput."""
    if registration.market not in catalogue.open_markets:
        raise NotEligible("MARKET_CLOSED", f"Mi Points is not offered in {registration.market}.")
    terms = catalogue.terms_for(registration.market, joined_at)
    if terms is None:
        raise BeforeTheProgramme(catalogue.began_on(registration.market), "input", "registeredAt")
    if joined_at > now + timedelta(seconds=terms.future_seconds):
        raise InvalidInput("This lies in the future.", "input", "registeredAt", code="OCCURRED_IN_FUTURE")
    if registration.time_zone is not None and registration.time_zone not in terms.time_zones:
        raise InvalidInput(
            f"{registration.market} has the time zones {', '.join(terms.time_zones)}.", "input", "timeZone"
        )
    _check_birth_date(registration.birth_date, joined_at)
    if not is_of_age(registration.birth_date, joined_at, terms.zone, terms.minimum_age):
        raise NotEligible("UNDER_AGE", f"Mi Points is for people of {terms.minimum_age} years or more.")
    return terms


def _check_birth_date(birth_date: date, joined_at: datetime) -> None:
    if birth_date > joined_at.date() + timedelta(days=1) or joined_at.year - birth_date.year > _OLDEST:
        raise InvalidInput("This is no date of birth of a living person.", "input", "birthDate")


async def _join(
    programme: Programme,
    db: Queryable,
    registration: Registration,
    request: Request,
    joined_at: datetime,
    terms: Terms,
    catalogue: Catalogue,
) -> Answer:
    """In one transaction: the member, the sign-up verdict, its promise, and the answer to the key.

    Whoever was erased and joins anew has already had what is given once (R71): those slots are taken from the start.
    """
    member_id = uuid4()
    time_zone = registration.time_zone or terms.zone
    if not await join_member(db, registration.mi_id, member_id, registration.market, time_zone, joined_at):
        raise Stale
    member = await member_to_judge(db, MemberRef(member_id=member_id))
    assert member is not None
    given = await given_once(db, await programme.person_hash(registration.mi_id, db))
    taken = frozenset(Slot(kind, "", 1) for kind in given if kind in terms.ways)
    judgement = judge(
        Activity(EntryKind.SIGN_UP),
        joined_at,
        member.now,
        terms,
        calendar_of(member),
        EarningContext(slots=taken, campaigns=catalogue.campaigns),
        programme.hold_seconds,
    )
    changes = Changes()
    verdict_id = write_judgement(
        changes,
        judgement,
        kind=EntryKind.SIGN_UP,
        key=request.key,
        source=_SIGN_UP,
        reference=None,
        occurred_at=joined_at,
        now=member.now,
        terms=terms,
        business_key=_SIGN_UP,
    )
    changes.slots.extend(NewSlot(slot.kind, slot.period, slot.n, verdict_id) for slot in taken)
    answer = verdict_answer("MemberRegistered", member_id, verdict_id, hold_of(judgement, member))
    changes.requests.append(_kept(member_id, request, answer))
    await record(db, member_id, member.version, changes)
    return answer
