"""A member's calendar, and the day on which points lapse (R20, R50)."""

from datetime import date, datetime

from db.ledger.member import MemberToJudge
from db.members.rows import MemberRow
from loyalty.programme.rules.calendar import Calendar, lapse_date
from loyalty.programme.rules.terms import Terms

NEVER = date.max


def calendar_of(member: MemberToJudge | MemberRow) -> Calendar:
    """The calendar that the member's caps and streaks follow (R20).

    A `MemberRow` is read to show now and later, so it has no `earlier_zones`: they ended before now and change nothing
    after that (tests/rules/test_zone_changes.py).
    """
    earlier = member.earlier_zones if isinstance(member, MemberToJudge) else ()
    return Calendar(member.time_zone, member.zone_before, member.zone_since, earlier)


def lot_of(credited_at: datetime, terms: Terms) -> date:
    """The day on which points credited at a moment lapse (R50); 9999-12-31 if they never do."""
    return lapse_date(credited_at, terms.time_zones[0], terms.lapse_after_months) or NEVER
