"""Caps as numbered slots: three a month is three slots, and each can be taken once (design, the ledger)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from re import fullmatch

from loyalty.programme.rules.calendar import Calendar
from loyalty.programme.rules.kinds import CapPeriod, Code, EntryKind
from loyalty.programme.rules.terms import Way


@dataclass(frozen=True, slots=True)
class CapAfter:
    """A cap and what is left of it; `resets_at` is None where it never starts anew."""

    limit: int
    used: int
    left: int
    resets_at: datetime | None


@dataclass(frozen=True, slots=True)
class Slot:
    """One of a cap's places: the kind, its period (month, day, product or nothing), a number from 1."""

    kind: str
    period: str
    n: int

    @property
    def business_key(self) -> str:
        """The slot as one text, such as social_share:2026-11:2, fuel:2026-11-23 or sign_up."""
        numbered = self.n > 1 or fullmatch(r"\d{4}-\d{2}", self.period)
        parts = [self.kind.lower(), self.period, str(self.n) if numbered else ""]
        return ":".join(part for part in parts if part)


def period_of(way: Way, moment: datetime, calendar: Calendar, product_id: str | None) -> str:
    """The period a moment falls in: days and months are the member's own (R20)."""
    match way.cap_period:
        case CapPeriod.DAY:
            return calendar.day(moment).isoformat()
        case CapPeriod.MONTH:
            return calendar.month(moment)
        case CapPeriod.PER_PRODUCT:
            return product_id or ""
        case _:
            return ""


def free_slot(way: Way, period: str, taken: Collection[Slot]) -> Slot | None:
    """The lowest free slot of a capped way in a period; None when all are taken."""
    if used_in(way, period, taken) >= (way.cap_limit or 0):
        return None
    slots = (Slot(way.kind, period, n) for n in range(1, (way.cap_limit or 0) + 1))
    return next((slot for slot in slots if slot not in taken), None)


def used_in(way: Way, period: str, taken: Collection[Slot]) -> int:
    """How many slots of a way are taken in a period."""
    return sum(1 for slot in taken if slot.kind == way.kind and slot.period == period)


def cap_after(way: Way, used: int, moment: datetime, calendar: Calendar) -> CapAfter | None:
    """The cap with so many used; None where the way is uncapped."""
    if way.cap_limit is None:
        return None
    return CapAfter(way.cap_limit, used, max(0, way.cap_limit - used), _resets_at(way, moment, calendar))


def _resets_at(way: Way, moment: datetime, calendar: Calendar) -> datetime | None:
    match way.cap_period:
        case CapPeriod.DAY:
            return calendar.next_day(moment)
        case CapPeriod.MONTH:
            return calendar.next_month(moment)
        case _:
            return None


def refusal_of(way: Way) -> Code:
    """How a used-up cap is refused (R61): day, month, product and once each have their own code."""
    match way.cap_period:
        case CapPeriod.PER_PRODUCT if way.kind == EntryKind.REVIEW:
            return Code.ALREADY_REVIEWED
        case CapPeriod.ONCE | CapPeriod.PER_PRODUCT:
            return Code.ALREADY_GRANTED
        case CapPeriod.DAY if way.cap_limit == 1:
            return Code.ALREADY_COLLECTED_TODAY
        case _:
            return Code.CAP_REACHED
