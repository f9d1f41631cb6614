"""Reads the input of the earning rules for a member: its slots, its fuel days, the campaigns."""

from collections.abc import Iterable
from datetime import date, timedelta

from db.earning import Progress, ProgressWanted
from db.ledger.member import MemberToJudge
from db.members.rows import MemberRow
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


def progress_wanted(member: MemberRow) -> ProgressWanted:
    """What is read to show every cap and the fuel streak at the moment the member was read: slots of its day and month,
    the fuel days of the last 20 days."""
    day = calendar_of(member).day(member.now)
    return ProgressWanted(member.member_id, f"{day:%Y-%m}", day.isoformat(), (member.now - _FUEL_DAYS).date())


def context_now(progress: Progress, catalogue: Catalogue) -> EarningContext:
    """The input for showing every cap now."""
    return _context(progress.slots, fuel_days_of(progress.fuel_days), catalogue)


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
