"""A member's calendar, and the day on which points lapse (R20, R50)."""

from datetime import date, datetime

from db.ledger.member import MemberToJudge
from loyalty.programme.rules.calendar import Calendar, lapse_date
from loyalty.programme.rules.terms import Terms

NEVER = date.max


def calendar_of(member: MemberToJudge) -> Calendar:
    """The calendar that the member's caps and streaks follow (R20)."""
    return Calendar(member.time_zone, member.zone_before, member.zone_since, member.earlier_zones)


def lot_of(credited_at: datetime, terms: Terms) -> date:
    """The day on which points credited at a moment lapse (R50); 9999-12-31 where they never do."""
    return lapse_date(credited_at, terms.time_zones[0], terms.lapse_after_months) or NEVER
