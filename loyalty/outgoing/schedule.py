"""When an event is sent again, when it is dead, and when an endpoint rests. All times are seconds."""

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
"""The pauses between attempts, 72 hours in all. Attempts are made at once, and then 5 s, 1 min, 5 min, 15 min, 1 h,
2 h, 4 h, 8 h, 16 h, 32 h, 52 h and 72 h later."""

PATIENCE = Patience(give_up_after=72 * HOUR, rounds=3, longest_rest=5 * MINUTE)
"""After three rounds without a delivered event the endpoint rests: 5 s, doubled each time, at most 5 minutes. Then a
single event tests it. If that one fails, all events that were tried for 72 hours are dead."""

SECONDS = 10.0
"""How long one attempt may take, from the lookup of the address to the answer."""

LEASE_SECONDS = 60.0
"""How long a claimed event belongs to one worker. If that worker dies, another one takes the event after this time."""


def pause_after(attempts: int) -> float | None:
    """Seconds until the next attempt, after so many attempts; None after the last."""
    return PAUSES[attempts - 1] if attempts <= len(PAUSES) else None
