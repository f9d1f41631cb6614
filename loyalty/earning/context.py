"""Reads the input of the earning rules for a member: its slots, its fuel days, the campaigns."""

from collections.abc import Iterable
from datetime import date, timedelta

from db.earning import recent_fuel_days, slots_of_periods
from db.ledger.member import MemberToJudge
from db.members.rows import MemberRow
from db.pool import Queryable
from loyalty.earning.rules.activity import EarningContext
from loyalty.earning.rules.caps import Slot
from loyalty.earning.rules.fuel import FuelDay
from loyalty.programme.calendars import calendar_of
from loyalty.programme.catalogue import Catalogue
from loyalty.programme.rules.kinds import EntryKind

_FUEL_DAYS = timedelta(days=20)


def context_of(member: MemberToJudge, catalogue: Catalogue, kind: str) -> EarningContext:
    """The input of a judgement: the member's slots of this kind, its fuel days, the campaigns."""
    return _context(((kind, period, n) for period, n in member.slots), fuel_days_of(member.fuel_days), catalogue)


async def context_now(db: Queryable, member: MemberRow, catalogue: Catalogue) -> EarningContext:
    """The input for showing every cap now: the slots of this day, this month and for ever, and the fuel days."""
    calendar = calendar_of(member)
    periods = ["", calendar.month(member.now), calendar.day(member.now).isoformat()]
    taken = await slots_of_periods(db, member.member_id, periods)
    return _context(taken, await fuel_days_now(db, member), catalogue)


async def fuel_days_now(db: Queryable, member: MemberRow) -> tuple[FuelDay, ...]:
    """The days of the last 20 on which the member collected fuel, by date."""
    return fuel_days_of(await recent_fuel_days(db, member.member_id, (member.now - _FUEL_DAYS).date()))


def fuel_days_of(rows: Iterable[tuple[date, int, int]]) -> tuple[FuelDay, ...]:
    """Fuel days as the rules see them, given as (day, streak, bonuses)."""
    return tuple(FuelDay(day, streak, bonuses) for day, streak, bonuses in rows)


def _context(
    taken: Iterable[tuple[str, str, int]], fuel_days: tuple[FuelDay, ...], catalogue: Catalogue
) -> EarningContext:
    """A day of fuel is a slot too."""
    slots = {Slot(kind, period, n) for kind, period, n in taken}
    slots |= {Slot(EntryKind.FUEL, day.day.isoformat(), 1) for day in fuel_days}
    return EarningContext(frozenset(slots), fuel_days, catalogue.campaigns)
