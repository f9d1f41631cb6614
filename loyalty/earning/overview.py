"""The ways in which a member can earn now, with the rest of their caps, and the fuel streak (R10-R23)."""

from db.members.rows import MemberRow
from db.pool import Queryable
from loyalty.earning.context import context_now, fuel_days_now
from loyalty.earning.rules.activity import WayView, ways_now
from loyalty.earning.rules.fuel import FuelView, fuel_view
from loyalty.programme.calendars import calendar_of
from loyalty.programme.catalogue import Catalogue


async def ways_to_earn(db: Queryable, member: MemberRow, catalogue: Catalogue) -> list[WayView]:
    """Every way to earn in the member's market, with what is left of its cap at the moment the member was read."""
    terms = catalogue.terms_in_force(member.market, member.now)
    return ways_now(terms, calendar_of(member), await context_now(db, member, catalogue), member.now)


async def fuel_streak(db: Queryable, member: MemberRow, catalogue: Catalogue) -> FuelView:
    """The fuel streak as it stands at the moment the member was read (R19)."""
    calendar, terms = calendar_of(member), catalogue.terms_in_force(member.market, member.now)
    days = await fuel_days_now(db, member)
    return fuel_view(days, calendar.day(member.now), member.now, calendar, terms, catalogue.campaigns)
