"""Velocity limits (R70): counts what a member and a device did within a minute, and holds what is above."""

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
class Checked:
    """A judgement after the velocity limits, on hold for an operator where they say so, with its verdict's facts."""

    judgement: Judgement
    facts: Mapping[str, Any]


async def check_velocity(
    programme: Programme,
    db: Queryable,
    member: MemberToJudge,
    terms: Terms,
    device_id: str | None,
    judgement: Judgement,
) -> Checked:
    """Holds a judgement for an operator where too much came within a minute; without a limit it stays as it is.

    A member's count is exact, since it is part of what was judged; two members on one device at the very same moment
    may each not see the other.
    """
    limit = limit_of(terms, programme.velocity_per_minute)
    if limit is None:
        return Checked(judgement, {})
    device = device_hash(device_id) if device_id is not None else None
    facts = {"device": device} if device is not None else {}
    since = counted_since(member.now)
    of_member, of_device = await activities_lately(db, member.member_id, since, NO_ACTIVITIES, device)
    if not is_too_fast(of_member, of_device, limit):
        return Checked(judgement, facts)
    held = on_hold_for_operator(judgement)
    return Checked(held, facts if held is judgement else facts | {"held": "VELOCITY"})


def device_hash(device_id: str) -> str:
    """What is kept of a device: enough to recognise it by, and not its id."""
    return hashlib.sha256(f"device:{device_id}".encode()).hexdigest()
