"""When an adjustment waits for a second operator (R37)."""

TIMES_FOR_ALL = 10
"""For all members together one operator may adjust this many times the threshold."""


def needs_second_operator(points: int, threshold: int, for_member: int, for_all: int) -> bool:
    """Whether an adjustment goes beyond what one operator may do alone.

    `points` are signed; `for_member` and `for_all` are the points, above zero, that this operator adjusted in the same
    direction in the last 24 hours. Each limit itself is still allowed.
    """
    size = abs(points)
    return for_member + size > threshold or for_all + size > TIMES_FOR_ALL * threshold
