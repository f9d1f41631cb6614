"""How often a decision is attempted: once without a lock, then up to five times behind the member's lock."""

from datetime import date

import pytest

from db.ledger.member import MemberRef, MemberToJudge
from db.ledger.record import Changes, Stale
from db.pool import Database, Queryable
from loyalty.callers import Caller
from loyalty.ledger.answers import request_of
from loyalty.ledger.decide import decide
from loyalty.ledger.decision import Decision, Judge, Ruling
from loyalty.members.eligibility import Registration
from loyalty.members.register import register
from loyalty.programme.programme import Programme

STOREFRONT = Caller("storefront", frozenset({"storefront"}), is_service=True)


def stale_until(succeeds: int, made: list[bool]) -> Judge:
    """A judge that finds another write in between until its nth time; `made` is whether each was unlocked."""

    async def judge(db: Queryable, _member: MemberToJudge) -> Ruling:
        made.append(isinstance(db, Database))
        if len(made) < succeeds:
            raise Stale
        return Ruling({"type": "Judged", "times": str(len(made))}, Changes())

    return judge


async def judged(programme: Programme, key: str, judge: Judge) -> str:
    request = request_of(Caller("mi-1"), "test", key, [])
    return str((await decide(programme.db, Decision(MemberRef(mi_id="mi-1"), request, judge))).answer["times"])


async def test_a_decision_locks_nothing_first_and_is_retried_behind_the_lock_up_to_five_times(programme: Programme):
    await register(programme, STOREFRONT, Registration("mi-1", "ES", date(1990, 1, 1)), "join")
    once, six_times, seven_times = list[bool](), list[bool](), list[bool]()
    assert await judged(programme, "once", stale_until(1, once)) == "1"
    assert once == [True]
    assert await judged(programme, "six", stale_until(6, six_times)) == "6"
    assert six_times == [True, False, False, False, False, False]
    with pytest.raises(Stale):
        await judged(programme, "seven", stale_until(7, seven_times))
    assert seven_times == six_times
