"""Limits: how long rows are stored, how long we wait for other systems, and how often we retry. Each number is here
once.

Units last in the name. The `.sql` files name these numbers in lower case behind a colon, such as `:most_attempts`
(db/queries/__init__.py). docs/limits.md lists them; tests/test_limits.py compares it, and the migrations that had to
repeat a number, with this file. Numbers of a market's terms and an operator's settings are not here.
"""

# How long rows are stored or read back.

PARKED_DAYS = 90
"""A delivery waits this long for its order; then it is DEAD, and can be replayed."""

REJECTIONS_DAYS = 90
"""The hourly counts of rejected webhooks are deleted after this time."""

ENDED_COUPONS_DAYS = 90
"""The checkout shows coupons that were spent or ended within this time (R45)."""

PARCEL_NEWS_DAYS = 180
"""A tracking number identifies an order for this long after the order's last news: carriers reuse their numbers."""

SLOTS_DAYS = 40
"""A decision reads the slots of months and days back to this."""

FUEL_DAYS = 20
"""A decision reads the days on which fuel was collected back to this; it bounds `late_hours` of the terms."""

ADJUSTED_HOURS = 24
"""What one operator adjusted at once counts towards its limits for this long (R37)."""

# Retries.

MOST_ATTEMPTS = 10
"""A promise, a delivery or a notice that fails this often is left for an operator."""

LONGEST_RETRY_SECONDS = 3600
"""Its pauses double from one attempt to the next, up to this."""

LONGEST_ERROR_CHARACTERS = 500
"""An error's text is stored with the row, cut to this length."""

DECISION_TRIES = 5
"""A decision that conflicts with another write is judged this often before the caller gets UNAVAILABLE."""

# Lapses and notices: bounds wide enough for every time zone, so that most members need no closer look.

LAPSE_AHEAD_HOURS = 15
"""In some time zone a lot may lapse this long before its day begins in UTC."""

NOTICE_AHEAD_DAYS = 32
"""A lot's notice may be due this long before its day: a month, and the difference between time zones."""

# Outgoing webhooks.

EVENT_HOURS = 72
"""An event is tried for this long; then it is DEAD, and can be replayed."""

EVENT_ATTEMPT_SECONDS = 10.0
"""One attempt takes at most this, from the DNS lookup to the answer."""

EVENT_LEASE_SECONDS = 60.0
"""A worker holds a claimed event for this long; if the worker dies, another one takes it after that."""

NOTICES_AT_ONCE = 100
"""How many notices a worker claims at once."""

MOST_AT_ONCE = 1000
"""No worker takes more rows of one kind at once; the planner counts on it."""

EVENTS_AT_ONCE = 16
"""How many events of one endpoint are claimed at once."""

ENDPOINT_ROUNDS = 3
"""An endpoint is paused after this many rounds in which it accepted nothing."""

ENDPOINT_REST_SECONDS = 300.0
"""Its pause doubles from five seconds up to this."""

# Webhooks and the producers that send them.

SIGNED_TIME_MINUTES = 5
"""A webhook's signed time may differ from our clock by at most this."""

QUESTION_HOURS = 12
"""We ask a producer about one parcel at most once in this time."""

QUESTION_SECONDS = 10.0
"""A producer has this long to answer a question."""
