"""The programme's fixed words: entry kinds, outcomes, reasons why a promise waits, cap periods, codes."""

import re
from enum import StrEnum

LANGUAGES = ("de", "en", "es", "fr", "it", "nl")
"""The languages of messages to members (R60)."""


class EntryKind(StrEnum):
    """The kind of an entry of the ledger, by its name in the contract.

    Terms may add ways of other kinds (R22): the ledger stores their own names, and the API shows OTHER.
    """

    SIGN_UP = "SIGN_UP"
    APP_SIGN_IN = "APP_SIGN_IN"
    PURCHASE = "PURCHASE"
    SOCIAL_SHARE = "SOCIAL_SHARE"
    LINK_SHARE = "LINK_SHARE"
    REVIEW = "REVIEW"
    FUEL = "FUEL"
    FUEL_STREAK = "FUEL_STREAK"
    CAMPAIGN_BONUS = "CAMPAIGN_BONUS"
    REDEMPTION = "REDEMPTION"
    CLAWBACK = "CLAWBACK"
    LAPSE = "LAPSE"
    ADJUSTMENT = "ADJUSTMENT"
    OTHER = "OTHER"


def is_new_kind(kind: str) -> bool:
    """Whether a text can name a way to earn that only terms define (R22)."""
    return re.fullmatch("[A-Z][A-Z0-9_]{1,39}", kind) is not None and kind not in EntryKind.__members__


class Outcome(StrEnum):
    """How an event was answered (R60)."""

    GRANTED = "GRANTED"
    REDUCED = "REDUCED"
    REFUSED = "REFUSED"
    WAITING = "WAITING"
    REVERSED = "REVERSED"


class Awaiting(StrEnum):
    """The event that a promise waits for before it is credited."""

    HOLD = "HOLD"
    DELIVERY = "DELIVERY"
    PUBLICATION = "PUBLICATION"
    REVIEW_BY_OPERATOR = "REVIEW_BY_OPERATOR"


class CapPeriod(StrEnum):
    """The period of a cap: for ever, a local day, a local month, or once for each product."""

    ONCE = "ONCE"
    DAY = "DAY"
    MONTH = "MONTH"
    PER_PRODUCT = "PER_PRODUCT"


class Code(StrEnum):
    """The codes a verdict can carry (R60; the table of codes in the rules)."""

    GRANTED = "GRANTED"
    WAITING_FOR_PUBLICATION = "WAITING_FOR_PUBLICATION"
    WAITING_FOR_DELIVERY = "WAITING_FOR_DELIVERY"
    WAITING_FOR_OPERATOR = "WAITING_FOR_OPERATOR"
    CAP_REACHED = "CAP_REACHED"
    ALREADY_GRANTED = "ALREADY_GRANTED"
    ALREADY_REVIEWED = "ALREADY_REVIEWED"
    ALREADY_COLLECTED_TODAY = "ALREADY_COLLECTED_TODAY"
    NOT_OFFERED = "NOT_OFFERED"
    NOTHING_TO_EARN = "NOTHING_TO_EARN"
    DECLINED = "DECLINED"
    RETURNED = "RETURNED"
    CANCELLED = "CANCELLED"
    REVIEW_REMOVED = "REVIEW_REMOVED"
    SHARE_REMOVED = "SHARE_REMOVED"
    NOT_DELIVERED = "NOT_DELIVERED"
    ADJUSTED = "ADJUSTED"
    LOT_LAPSED = "LOT_LAPSED"
