"""How long things are kept, how long others are waited for, and how often something is tried: each number once.

Units last in the name. The `.sql` files name these numbers in lower case behind a colon, such as `:most_attempts`
(db/queries/__init__.py). docs/limits.md lists them; tests/test_limits.py compares it, and the migrations that had to
repeat a number, with this file. What a market's terms decide, and what an operator sets, is not here.
"""

# Kept, and read back.

PARKED_DAYS = 90
"""A delivery waits so long for its order; then it is DEAD, and can be replayed."""

REJECTIONS_DAYS = 90
"""The hourly counts of webhooks that were rejected are deleted after this."""

ENDED_COUPONS_DAYS = 90
"""The checkout shows coupons that were spent or ended within this (R45)."""

PARCEL_NEWS_DAYS = 180
"""A tracking number means an order for so long after the order's last news: carriers give their numbers again."""

SLOTS_DAYS = 40
"""A decision reads the slots of months and days back to this."""

FUEL_DAYS = 20
"""A decision reads the days on which fuel was collected back to this; it bounds `late_hours` of the terms."""

# Tried again.

MOST_ATTEMPTS = 10
"""A promise, a delivery or a notice that fails so often is left for an operator."""

LONGEST_RETRY_SECONDS = 3600
"""Its pauses double from one attempt to the next, up to this."""

LONGEST_ERROR_CHARACTERS = 500
"""So much of an error's text is kept with the row."""

DECISION_TRIES = 5
"""A decision that meets another write is judged so often before the caller gets UNAVAILABLE."""

# Time to book: bounds that are wide enough for every time zone, so that most members need no closer look.

LAPSE_AHEAD_HOURS = 15
"""A lot may lapse in some time zone so long before its day begins in UTC."""

NOTICE_AHEAD_DAYS = 32
"""A lot's notice may be due so long before its day: a month, and the difference between time zones."""

# Outgoing webhooks.

EVENT_HOURS = 72
"""An event is tried for so long; then it is DEAD, and can be replayed."""

EVENT_ATTEMPT_SECONDS = 10.0
"""One attempt takes at most this, from looking the address up to the answer."""

EVENT_LEASE_SECONDS = 60.0
"""A claimed event is nobody else's for so long; if its worker dies, another one takes it after that."""

EVENTS_AT_ONCE = 16
"""So many events of one endpoint are claimed at once."""

ENDPOINT_ROUNDS = 3
"""An endpoint rests after so many rounds in which it took nothing."""

ENDPOINT_REST_SECONDS = 300.0
"""Its rest doubles from five seconds up to this."""

# Webhooks and the producers that send them.

SIGNED_TIME_MINUTES = 5
"""A webhook's signed time may differ from our clock by this."""

QUESTION_HOURS = 12
"""A producer is asked about one parcel at most once in this time."""

QUESTION_SECONDS = 10.0
"""A producer has so long to answer a question."""
