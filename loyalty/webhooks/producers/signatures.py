"""Verifies who sent a body: HMAC-SHA256 over the received bytes, compared in constant time."""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from db.limits import SIGNED_TIME_MINUTES
from loyalty.webhooks.producers.events import BadSignature, StaleSignature

TOLERANCE = timedelta(minutes=SIGNED_TIME_MINUTES)
_MOST_SIGNATURES = 10


def hmac_sha256(key: bytes, signed: bytes) -> bytes:
    """The 32 bytes of HMAC-SHA256 (RFC 2104)."""
    return hmac.new(key, signed, hashlib.sha256).digest()


def text_key(secret: str) -> bytes:
    """The key of a secret that is used as plain text: its UTF-8 bytes."""
    return secret.encode("utf-8", "surrogatepass")


def signatures_in(header: str) -> list[str]:
    """The signatures in a header: one, or several that a proxy has joined with commas."""
    return [part.strip() for part in header.split(",")]


def check_signed(expected: Iterable[str], given: Sequence[str], sentence: str) -> None:
    """Raises BadSignature with this sentence unless one of the given signatures is an expected one.

    All are compared, each in constant time; of the given ones, only the first ten.
    """
    right = [text.encode("utf-8", "replace") for text in expected]
    sent = [text.encode("utf-8", "replace") for text in given[:_MOST_SIGNATURES]]
    matches = [hmac.compare_digest(one, other) for one in right for other in sent]
    if not any(matches):
        raise BadSignature(sentence)


def check_time(timestamp: str, now: datetime, name: str) -> None:
    """Raises BadSignature unless the text is a number of whole seconds since 1970, within five minutes of `now`.

    `name` is the header's name for the sentence.
    """
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise BadSignature(f"{name} is in whole seconds since 1970.")
    check_seconds(int(timestamp), now, name)


def check_seconds(seconds: float, now: datetime, name: str) -> None:
    """Raises StaleSignature unless these seconds since 1970 are within five minutes of `now`."""
    if abs(seconds - now.timestamp()) > TOLERANCE.total_seconds():
        raise StaleSignature(f"{name} is more than five minutes off.")
