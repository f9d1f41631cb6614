"""Moments as text. Python's own `isoformat` is slow for a moment with a zone; in UTC the parts are enough."""

from datetime import UTC, datetime

_TWO = tuple(f"{number:02}" for number in range(60))


def isoformat(moment: datetime) -> str:
    """The same text as the moment's own `isoformat`."""
    return f"{write_date_time(moment)[:-1]}+00:00" if moment.tzinfo is UTC else moment.isoformat()


def write_date_time(moment: datetime) -> str:
    """A moment as 2026-11-22T10:00:00Z, with a fraction only if there is any."""
    if moment.tzinfo is not UTC:
        assert moment.tzinfo is not None
        moment = moment.astimezone(UTC)
    micros, year = moment.microsecond, moment.year
    return (
        f"{year if year > 999 else f'{year:04}'}-{_TWO[moment.month]}-{_TWO[moment.day]}T{_TWO[moment.hour]}:"
        f"{_TWO[moment.minute]}:{_TWO[moment.second]}{f'.{micros:06}' if micros else ''}Z"
    )
