"""Days and months in a member's time zone: local dates, zone changes, ages, lapse and expiry dates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

LATEST_REPORT = timedelta(days=40)
"""No terms accept an event that is reported later than this."""


def local_day(moment: datetime, zone: str) -> date:
    """The calendar day of an instant in a zone."""
    return moment.astimezone(ZoneInfo(zone)).date()


@lru_cache(maxsize=4096)
def start_of_day(day: date, zone: str) -> datetime:
    """The first instant of a local day, in UTC. Where midnight is skipped, the first instant that exists."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def first_of_month(day: date, months_later: int = 0) -> date:
    """The 1st of a day's month, or of a month so many months later."""
    months = day.year * 12 + day.month - 1 + months_later
    return date(months // 12, months % 12 + 1, 1)


@dataclass(frozen=True, slots=True)
class Calendar:
    """A member's days and months (R20): moments before `zone_since` count in `zone_before`.

    `earlier` are the zones before that, oldest first, each with the moment until which it counted. An event
    that a phone reports late counts on the local day of its own moment, however often the zone has changed since.
    """

    zone: str
    zone_before: str | None = None
    zone_since: datetime | None = None
    earlier: tuple[tuple[str, datetime], ...] = ()

    def zone_at(self, moment: datetime) -> str:
        """The zone in which a moment counts."""
        if self.zone_before is None or self.zone_since is None or moment >= self.zone_since:
            return self.zone
        return next((zone for zone, until in self.earlier if moment < until), self.zone_before)

    def local(self, moment: datetime) -> datetime:
        """The moment on the member's clock."""
        return moment.astimezone(ZoneInfo(self.zone_at(moment)))

    def day(self, moment: datetime) -> date:
        """The member's calendar day of a moment."""
        return self.local(moment).date()

    def month(self, moment: datetime) -> str:
        """The member's calendar month of a moment, such as 2026-11."""
        return f"{self.day(moment):%Y-%m}"

    def first_instant(self, day: date) -> datetime:
        """The first instant, in UTC, that counts as this day. If a zone change skips the day: as a later day."""
        since: datetime | None = None
        for zone, until in self._past():
            begins = _later(since, start_of_day(day, zone))
            if begins < until:
                return begins
            since = until
        return _later(since, start_of_day(day, self.zone))

    def next_day(self, moment: datetime) -> datetime:
        """The instant, in UTC, at which the member's next day begins; days of 23 and 25 hours are one day."""
        return self.first_instant(self.day(moment) + timedelta(days=1))

    def next_month(self, moment: datetime) -> datetime:
        """The instant, in UTC, at which the member's next month begins."""
        return self.first_instant(first_of_month(self.day(moment), 1))

    def changed_to(self, zone: str, moment: datetime) -> "Calendar":
        """The calendar after a zone was chosen at a moment; of several choices in a day the last counts."""
        now_in = self.zone_at(moment)
        if zone == self.zone:
            return self
        past = [each for each in self._past() if each[1] <= moment]
        if zone == now_in:
            before, since = past.pop() if past else (None, None)
            return Calendar(zone, before, since, _remembered(past, moment))
        return Calendar(zone, now_in, change_counts_from(self, moment), _remembered(past, moment))

    def _past(self) -> tuple[tuple[str, datetime], ...]:
        """Every zone before the present one, oldest first, with the moment until which it counts."""
        if self.zone_before is None or self.zone_since is None:
            return ()
        return (*self.earlier, (self.zone_before, self.zone_since.astimezone(UTC)))


def _later(since: datetime | None, begins: datetime) -> datetime:
    return begins if since is None else max(since, begins)


def _remembered(past: Sequence[tuple[str, datetime]], moment: datetime) -> tuple[tuple[str, datetime], ...]:
    """The zones that an event reported late can still fall into."""
    return tuple(each for each in past if each[1] > moment - LATEST_REPORT)


def change_counts_from(calendar: Calendar, moment: datetime) -> datetime:
    """When a zone chosen now begins to count: at the end of the current local day in the old zone (R20)."""
    return start_of_day(calendar.day(moment) + timedelta(days=1), calendar.zone_at(moment))


def is_of_age(birth: date, moment: datetime, zone: str, years: int) -> bool:
    """Whether someone has reached an age on the local day of a moment (R3); 29 February counts as 1 March."""
    year = birth.year + years
    if year > date.max.year:
        return False
    try:
        birthday = birth.replace(year=year)
    except ValueError:
        birthday = date(year, 3, 1)
    return birthday <= local_day(moment, zone)


def lapse_date(credited: datetime, zone: str, months: int | None) -> date | None:
    """The local day points lapse (R50): the 1st of the month after they turn so many months; None: never."""
    return None if months is None else first_of_month(local_day(credited, zone), months + 1)


def end_of_validity(issued: datetime, zone: str, days: int) -> datetime:
    """The first instant a coupon is invalid (R42, R52): midnight after its last day; issue is day 0."""
    return start_of_day(local_day(issued, zone) + timedelta(days=days + 1), zone)
