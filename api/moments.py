"""Moments as text. Python's own `isoformat` is slow for a moment with a zone; in UTC the parts are enough."""

from datetime import UTC, datetime

_TWO = tuple(f"{number:02}" for number in range(60))


def isoformat(moment: datetime) -> str:
    """The same text as the moment's own `isoformat`."""
    return f"{in_utc(moment)}+00:00" if moment.tzinfo is UTC else moment.isoformat()


def in_utc(moment: datetime) -> str:
    """A moment in UTC without its zone, such as 2026-11-22T10:00:00; with a fraction only if there is any."""
    micros, year = moment.microsecond, moment.year
    fraction = f".{micros:06}" if micros else ""
    return (
        f"{year if year > 999 else f'{year:04}'}-{_TWO[moment.month]}-{_TWO[moment.day]}"
        f"T{_TWO[moment.hour]}:{_TWO[moment.minute]}:{_TWO[moment.second]}{fraction}"
    )
