"""Fuel: one claim a day, and the streak that consecutive days make (R17 to R19)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from loyalty.programme.rules.calendar import Calendar
from loyalty.programme.rules.campaigns import Campaign, extras
from loyalty.programme.rules.kinds import EntryKind
from loyalty.programme.rules.terms import StreakTerm, Terms

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class FuelDay:
    """A claimed day: consecutive days ending with it, and the bonuses this run of days has had up to it."""

    day: date
    streak: int
    bonuses: int


@dataclass(frozen=True, slots=True)
class FuelClaim:
    """The effect of a claim: the rows that change, the claimed day first, and whether the bonus comes with it.

    `streak` is the run the claim makes, the days after a late claim included; `day_in_cycle` is its day,
    from 1.
    """

    rows: tuple[FuelDay, ...]
    bonus: bool
    streak: int
    day_in_cycle: int


@dataclass(frozen=True, slots=True)
class FuelView:
    """What the app shows of fuel (the contract's FuelStreak)."""

    day_in_cycle: int
    streak_days: int
    collected_today: bool
    next_claim_at: datetime
    next_points: int


def claim(day: date, fuel_days: Sequence[FuelDay], streak_term: StreakTerm | None) -> FuelClaim:
    """Claims a day that is not claimed yet (R19).

    A late claim joins the days before and after it; where that completes a cycle, the bonus comes with it.
    """
    by_day = {row.day: row for row in fuel_days}
    before = by_day.get(day - ONE_DAY, FuelDay(day - ONE_DAY, 0, 0))
    following = _run_from(day + ONE_DAY, by_day)
    length = before.streak + 1 + len(following)
    had = before.bonuses + (following[-1].bonuses if following else 0)
    bonus = streak_term is not None and length // streak_term.days > had
    base = before.bonuses + bonus
    claimed = FuelDay(day, before.streak + 1, base)
    joined = (
        replace(row, streak=claimed.streak + place, bonuses=base + row.bonuses)
        for place, row in enumerate(following, start=1)
    )
    return FuelClaim((claimed, *joined), bonus, length, day_in_cycle(length, streak_term))


def day_in_cycle(streak: int, streak_term: StreakTerm | None) -> int:
    """The day of the cycle a streak has come to, from 1; 0 before the first.

    Without a bonus there is no cycle.
    """
    return streak if streak_term is None or streak == 0 else (streak - 1) % streak_term.days + 1


def fuel_points(
    bonus: bool, moment: datetime, terms: Terms, campaigns: Iterable[Campaign]
) -> tuple[tuple[str, int, Campaign | None], ...]:
    """A claim's points as (kind, points, campaign): fuel, the streak's bonus, what campaigns add to each."""
    kinds = [EntryKind.FUEL, EntryKind.FUEL_STREAK] if bonus else [EntryKind.FUEL]
    ways = [way for way in map(terms.way, kinds) if way is not None]
    known = tuple(campaigns)
    base: list[tuple[str, int, Campaign | None]] = [(way.kind, way.points, None) for way in ways]
    for way in ways:
        added = extras(way.points, known, way.kind, terms.market, moment, None)
        base += [(EntryKind.CAMPAIGN_BONUS, extra, campaign) for campaign, extra in added]
    return tuple(base)


def fuel_view(
    fuel_days: Sequence[FuelDay],
    today: date,
    now: datetime,
    calendar: Calendar,
    terms: Terms,
    campaigns: Iterable[Campaign] = (),
) -> FuelView:
    """The streak as of now: yesterday's still stands until today is over; a missed day shows 0 (R19)."""
    by_day = {row.day: row for row in fuel_days}
    row = by_day.get(today) or by_day.get(today - ONE_DAY)
    streak = row.streak if row else 0
    next_day = today
    while next_day in by_day:
        next_day += ONE_DAY
    at = now if next_day == today else calendar.first_instant(next_day)
    coming = fuel_points(claim(next_day, fuel_days, terms.streak).bonus, at, terms, campaigns)
    return FuelView(
        day_in_cycle=day_in_cycle(streak, terms.streak),
        streak_days=streak,
        collected_today=today in by_day,
        next_claim_at=at,
        next_points=sum(points for _, points, _ in coming) if terms.way(EntryKind.FUEL) else 0,
    )


def _run_from(day: date, by_day: dict[date, FuelDay]) -> list[FuelDay]:
    """The claimed days from a day on, without a gap."""
    run: list[FuelDay] = []
    while day in by_day:
        run.append(by_day[day])
        day += ONE_DAY
    return run
