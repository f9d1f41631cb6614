"""Compares the time in a delivery with our clock."""

from collections.abc import Iterator
from datetime import UTC, datetime

from loyalty.webhooks.producers.events import Sent
from loyalty.webhooks.producers.findings import Finding
from loyalty.webhooks.producers.proof import Proof
from loyalty.webhooks.producers.signatures import TOLERANCE

_LATEST = 4_102_444_800  # the year 2100


def sent_time(proof: Proof, sent: Sent) -> datetime | None:
    """The time in the delivery; None if it has none, or an impossible one."""
    text = proof.timestamp(sent)
    is_possible = text.isascii() and text.isdigit() and len(text) <= 12 and int(text) < _LATEST
    return datetime.fromtimestamp(int(text), UTC) if is_possible else None


def seconds_behind(proof: Proof | None, sent: Sent, now: datetime) -> float | None:
    """How many seconds the sender's clock is behind ours; None if the delivery has no time."""
    moment = sent_time(proof, sent) if proof is not None else None
    return round((now - moment).total_seconds(), 3) if moment is not None else None


def time_form(proof: Proof, sent: Sent) -> Finding:
    """The finding for a delivery without a valid time."""
    text = proof.timestamp(sent)
    why = "; this is in milliseconds or finer" if text.isdigit() and len(text) >= 13 else ""
    return Finding("TIMESTAMP_FORM", f"The time in {proof.time_header} is in whole seconds since 1970{why}.")


def staleness(proof: Proof, sent: Sent, now: datetime) -> Iterator[Finding]:
    """A finding if the time in the delivery is more than five minutes from ours."""
    behind = seconds_behind(proof, sent, now)
    if behind is not None and abs(behind) > TOLERANCE.total_seconds():
        side = "behind" if behind > 0 else "ahead of"
        yield Finding(
            "TIMESTAMP_STALE",
            f"The time in {proof.time_header} is {abs(behind):.0f} seconds {side} our clock, which says "
            f"{now:%Y-%m-%dT%H:%M:%SZ}; {TOLERANCE.total_seconds():.0f} are allowed. Sign anew for every attempt, and "
            "let your machine's clock be set over the network.",
        )
