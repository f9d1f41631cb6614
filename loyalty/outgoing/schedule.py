"""When an event is tried again, when it is given up on, and when an endpoint is left in peace. Seconds throughout."""

from db.limits import ENDPOINT_REST_SECONDS, ENDPOINT_ROUNDS, EVENT_HOURS
from db.outgoing.events import Patience

MINUTE, HOUR = 60, 3600

PAUSES = (
    5,
    55,
    4 * MINUTE,
    10 * MINUTE,
    45 * MINUTE,
    1 * HOUR,
    2 * HOUR,
    4 * HOUR,
    8 * HOUR,
    16 * HOUR,
    20 * HOUR,
    20 * HOUR,
)
"""Between one attempt and the next, EVENT_HOURS in all: at once, after 5 s, 1 min, 5 min, 15 min, then 1 h, 2 h, 4 h,
8 h, 16 h, 32 h, 52 h and 72 h."""

EVENT_PATIENCE = Patience(EVENT_HOURS * HOUR, ENDPOINT_ROUNDS, ENDPOINT_REST_SECONDS)
"""After some rounds in which nothing got through an endpoint rests: 5 s, doubled each time; then a single event finds
out whether it is well again. Whatever was tried for all of the time when that one fails is dead."""


def pause_after(attempts: int) -> float | None:
    """Seconds until the next attempt, after so many; None after the last."""
    return PAUSES[attempts - 1] if attempts <= len(PAUSES) else None
