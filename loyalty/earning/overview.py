"""The ways in which a member can earn now, with the rest of their caps, and the fuel streak (R10-R23)."""

from db.earning import Progress
from db.members.rows import MemberRow
from loyalty.earning.context import context_now, fuel_days_of
from loyalty.earning.rules.activity import WayView, ways_now
from loyalty.earning.rules.fuel import FuelView, fuel_view
from loyalty.programme.calendars import calendar_of
from loyalty.programme.catalogue import Catalogue
from loyalty.programme.rules.terms import Terms


def ways_to_earn(member: MemberRow, progress: Progress, terms: Terms, catalogue: Catalogue) -> list[WayView]:
    """Every way to earn of the terms, with what is left of its cap at the moment the member was read."""
    return ways_now(terms, calendar_of(member), context_now(progress, catalogue), member.now)


def fuel_streak(member: MemberRow, progress: Progress, catalogue: Catalogue) -> FuelView:
    """The fuel streak as it stands at the moment the member was read (R19)."""
    calendar, terms = calendar_of(member), catalogue.terms_in_force(member.market, member.now)
    days = fuel_days_of(progress.fuel_days)
    return fuel_view(days, calendar.day(member.now), member.now, calendar, terms, catalogue.campaigns)
