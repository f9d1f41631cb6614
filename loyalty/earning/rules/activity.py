"""Judges a member's activity in the app: terms, cap and campaigns of its moment (R10 to R23, R30, R60)."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal

from loyalty.earning.rules.caps import CapAfter, Slot, cap_after, free_slot, period_of, refusal_of, used_in
from loyalty.earning.rules.fuel import FuelDay, claim, fuel_points
from loyalty.ledger.rules.parts import Part
from loyalty.programme.rules.calendar import Calendar
from loyalty.programme.rules.campaigns import Campaign, best_factor, extras
from loyalty.programme.rules.kinds import Awaiting, CapPeriod, Code, EntryKind, Outcome
from loyalty.programme.rules.rounding import half_up
from loyalty.programme.rules.terms import Terms, Way

Untimely = Literal["OCCURRED_IN_FUTURE", "OCCURRED_TOO_LONG_AGO"]
_NOT_ACTIVITIES = (EntryKind.PURCHASE, EntryKind.FUEL_STREAK)


@dataclass(frozen=True, slots=True)
class Activity:
    """A member's activity, as the app reports it."""

    kind: str
    product_id: str | None = None
    review_id: str | None = None
    url: str | None = None
    network: str | None = None
    device_id: str | None = None


@dataclass(frozen=True, slots=True)
class EarningContext:
    """The member's facts that the rules need: slots taken, fuel days by date, and the campaigns that may fit."""

    slots: frozenset[Slot] = frozenset()
    fuel_days: tuple[FuelDay, ...] = ()
    campaigns: tuple[Campaign, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """The answer to one activity: what to promise, when it is due, the slot taken, fuel days that change."""

    outcome: Outcome
    code: Code
    parts: tuple[Part, ...]
    cap: CapAfter | None
    slot: Slot | None
    fuel_days: tuple[FuelDay, ...]
    awaiting: Awaiting | None
    due_at: datetime | None
    campaigns: tuple[Campaign, ...]
    terms_version: str

    @property
    def points(self) -> int:
        """All points of the verdict, campaigns and the streak's bonus included."""
        return sum(part.points for part in self.parts)


@dataclass(frozen=True, slots=True)
class WayView:
    """A way to earn as the member sees it now: points with campaigns, the cap, and the code if it is closed."""

    kind: str
    points: int
    cap: CapAfter | None
    unavailable_code: Code | None


def judge(
    activity: Activity,
    occurred_at: datetime,
    now: datetime,
    terms: Terms,
    calendar: Calendar,
    known: EarningContext,
    hold_seconds_override: int | None = None,
) -> Judgement:
    """Judges one activity by the terms, day, month and campaigns of its own time (R23).

    `terms` are those in force at `occurred_at`. The hold counts from `now`, the moment of acceptance (R30);
    the override is for the sandbox.
    """
    way = terms.way(activity.kind)
    if way is None or activity.kind in _NOT_ACTIVITIES:
        return _refused(Code.NOT_OFFERED, None, terms)
    period = period_of(way, occurred_at, calendar, activity.product_id)
    used = used_in(way, period, known.slots)
    slot = free_slot(way, period, known.slots)
    if slot is None and way.cap_limit is not None:
        return _refused(refusal_of(way), cap_after(way, used, occurred_at, calendar), terms)
    cap = cap_after(way, used + 1, occurred_at, calendar)
    parts, fuel_days = _parts(activity, way, occurred_at, terms, calendar.day(occurred_at), known)
    waits = activity.kind == EntryKind.REVIEW
    return Judgement(
        outcome=Outcome.WAITING if waits else Outcome.GRANTED,
        code=Code.WAITING_FOR_PUBLICATION if waits else Code.GRANTED,
        parts=parts,
        cap=cap,
        slot=slot,
        fuel_days=fuel_days,
        awaiting=Awaiting.PUBLICATION if waits else Awaiting.HOLD,
        due_at=None if waits else due_at(way, now, terms, hold_seconds_override),
        campaigns=_named(parts, known.campaigns),
        terms_version=terms.version,
    )


def due_at(way: Way, now: datetime, terms: Terms, hold_seconds_override: int | None = None) -> datetime:
    """When points accepted (for a review: published) now become spendable: after the hold (R30)."""
    of_terms = terms.hold_seconds if way.hold_seconds is None else way.hold_seconds
    return now + timedelta(seconds=of_terms if hold_seconds_override is None else hold_seconds_override)


def too_late_or_early(occurred_at: datetime, now: datetime, joined_at: datetime, terms: Terms) -> Untimely | None:
    """R23: why an activity's time is not accepted; None where it is. Both limits are accepted themselves."""
    if occurred_at > now + timedelta(seconds=terms.future_seconds):
        return "OCCURRED_IN_FUTURE"
    if occurred_at < max(joined_at, now - timedelta(hours=terms.late_hours)):
        return "OCCURRED_TOO_LONG_AGO"
    return None


def ways_now(terms: Terms, calendar: Calendar, known: EarningContext, now: datetime) -> list[WayView]:
    """Every way to earn, with what is left of its cap now.

    The streak's bonus is part of FUEL and not listed.
    """
    running = tuple(campaign for campaign in known.campaigns if campaign.runs(terms.market, now))
    known = replace(known, campaigns=running)
    return [_way_view(w, terms, calendar, known, now) for w in terms.ways.values() if w.kind != EntryKind.FUEL_STREAK]


def _way_view(way: Way, terms: Terms, calendar: Calendar, known: EarningContext, now: datetime) -> WayView:
    """One way. A cap for each product is shown as for a product not yet rewarded."""
    points = _points_now(way, terms, known, now)
    if way.cap_period == CapPeriod.PER_PRODUCT:
        return WayView(way.kind, points, cap_after(way, 0, now, calendar), None)
    cap = cap_after(way, used_in(way, period_of(way, now, calendar, None), known.slots), now, calendar)
    return WayView(way.kind, points, cap, refusal_of(way) if cap and not cap.left else None)


def _points_now(way: Way, terms: Terms, known: EarningContext, now: datetime) -> int:
    """Points for one, campaigns on all products included; for a purchase, for one unit of currency."""
    if not known.campaigns:
        return way.points
    if way.kind == EntryKind.PURCHASE:
        factor, _ = best_factor(known.campaigns, way.kind, terms.market, now, None)
        return half_up(factor * way.points)
    added = extras(way.points, known.campaigns, way.kind, terms.market, now, None)
    return way.points + sum(extra for _, extra in added)


def _parts(
    activity: Activity, way: Way, occurred_at: datetime, terms: Terms, day: date, known: EarningContext
) -> tuple[tuple[Part, ...], tuple[FuelDay, ...]]:
    """The entries an accepted activity makes, and the fuel days it changes."""
    if way.kind == EntryKind.FUEL:
        claimed = claim(day, known.fuel_days, terms.streak)
        pieces = fuel_points(claimed.bonus, occurred_at, terms, known.campaigns)
        return tuple(_part(kind, points, campaign, None) for kind, points, campaign in pieces), claimed.rows
    product = activity.product_id
    added = extras(way.points, known.campaigns, way.kind, terms.market, occurred_at, product)
    bonus_parts = (_part(EntryKind.CAMPAIGN_BONUS, extra, campaign, None) for campaign, extra in added)
    return (_part(way.kind, way.points, None, product), *bonus_parts), ()


def _part(kind: str, points: int, campaign: Campaign | None, reference: str | None) -> Part:
    return Part(kind, points, None, reference) if campaign is None else Part(kind, points, campaign.id, campaign.name)


def _named(parts: tuple[Part, ...], campaigns: tuple[Campaign, ...]) -> tuple[Campaign, ...]:
    """The campaigns that had a part in it."""
    ids = {part.campaign_id for part in parts}
    return tuple(sorted((each for each in campaigns if each.id in ids), key=lambda each: each.id))


def _refused(code: Code, cap: CapAfter | None, terms: Terms) -> Judgement:
    return Judgement(Outcome.REFUSED, code, (), cap, None, (), None, None, (), terms.version)
