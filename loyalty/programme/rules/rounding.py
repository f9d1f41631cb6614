"""The one rounding of the programme: half a point up (R13)."""

from fractions import Fraction
from math import floor


def half_up(exact: Fraction) -> int:
    """Rounds points half up: 12.5 is 13, 12.49 is 12."""
    return floor(exact + Fraction(1, 2))
