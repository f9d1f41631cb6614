"""Durations as people type them for the sandbox's clock: 1y2mo 3d 36h 5m 90s."""

import re
from dataclasses import dataclass

_PIECE = re.compile(r"\s*(\d{1,12})\s*(y|mo|d|h|m|s)")
_DAY = 86_400
_LONGEST = 100 * 366 * _DAY


class BadDuration(ValueError):
    """A text that is not a valid duration; the sentence gives the reason."""


@dataclass(frozen=True, slots=True)
class Duration:
    """Calendar months, then days of the calendar, then seconds."""

    months: int
    days: int
    seconds: int


def parse_duration(text: str) -> Duration:
    """Reads a sum of y (12 calendar months), mo (calendar months), d, h, m (minutes) and s.

    Raises BadDuration.
    """
    sums = dict.fromkeys(("y", "mo", "d", "h", "m", "s"), 0)
    place = 0
    text = text.strip()
    while place < len(text):
        piece = _PIECE.match(text, place)
        if piece is None:
            raise BadDuration(f"{text[:40]!r} is no duration; write one such as 90s, 5m, 36h, 2d, 13mo or 1y.")
        sums[piece[2]] += int(piece[1])
        place = piece.end()
    duration = Duration(
        months=sums["y"] * 12 + sums["mo"],
        days=sums["d"],
        seconds=sums["h"] * 3600 + sums["m"] * 60 + sums["s"],
    )
    _check_length(duration)
    return duration


def _check_length(duration: Duration) -> None:
    longest_seconds = (duration.months * 31 + duration.days) * _DAY + duration.seconds
    if longest_seconds == 0:
        raise BadDuration("A duration must be longer than nothing.")
    if duration.months > 1200 or duration.days * _DAY + duration.seconds > _LONGEST:
        raise BadDuration("A duration can be 100 years at most.")
