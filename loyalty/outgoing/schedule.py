"""When an event is sent again, when it is dead, and when an endpoint rests. All times are seconds."""

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
"""The pauses between attempts, EVENT_HOURS in all. Attempts are made at once, and then 5 s, 1 min, 5 min, 15 min, 1 h,
2 h, 4 h, 8 h, 16 h, 32 h, 52 h and 72 h later."""

EVENT_PATIENCE = Patience(EVENT_HOURS * HOUR, ENDPOINT_ROUNDS, ENDPOINT_REST_SECONDS)
"""After ENDPOINT_ROUNDS rounds without a delivered event the endpoint rests: 5 s, doubled each time, at most
ENDPOINT_REST_SECONDS. Then a single event tests it. If that one fails, all events that were tried for EVENT_HOURS are
dead."""


def pause_after(attempts: int) -> float | None:
    """Seconds until the next attempt, after so many attempts; None after the last."""
    return PAUSES[attempts - 1] if attempts <= len(PAUSES) else None
