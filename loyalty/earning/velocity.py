"""Velocity limits (R70): counts the activities of a member and a device within a minute; more than the limit wait."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from db.earning import activities_lately
from db.ledger.member import MemberToJudge
from db.pool import Queryable
from loyalty.earning.rules.activity import Judgement
from loyalty.earning.rules.velocity import NO_ACTIVITIES, counted_since, is_too_fast, limit_of, on_hold_for_operator
from loyalty.programme.programme import Programme
from loyalty.programme.rules.terms import Terms


@dataclass(frozen=True, slots=True)
class CheckedJudgement:
    """A judgement after the velocity limits, waiting for an operator if one was exceeded, with its verdict's facts."""

    judgement: Judgement
    facts: Mapping[str, Any]


async def check_velocity(
    programme: Programme,
    db: Queryable,
    member: MemberToJudge,
    terms: Terms,
    device_id: str | None,
    judgement: Judgement,
) -> CheckedJudgement:
    """Lets a judgement wait for an operator if too many activities came within a minute. Without a limit it stays.

    A member's count is exact, because it is read as of the judged version. Two members who use one device at the same
    moment may not count each other.
    """
    limit = limit_of(terms, programme.velocity_per_minute)
    if limit is None:
        return CheckedJudgement(judgement, {})
    device = device_hash(device_id) if device_id is not None else None
    facts = {"device": device} if device is not None else {}
    since = counted_since(member.now)
    of_member, of_device = await activities_lately(db, member.member_id, since, NO_ACTIVITIES, device)
    if not is_too_fast(of_member, of_device, limit):
        return CheckedJudgement(judgement, facts)
    held = on_hold_for_operator(judgement)
    return CheckedJudgement(held, facts if held is judgement else facts | {"held": "VELOCITY"})


def device_hash(device_id: str) -> str:
    """The hash that is stored of a device: it recognises the device and does not reveal its id."""
    return hashlib.sha256(f"device:{device_id}".encode()).hexdigest()
