"""What a self-test of a signature tells."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: a stable code, and a sentence for the person who mends it."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Pinged:
    """What became of a ping. `secret_number` counts the active secrets from 1; None where none proves the body.

    `seconds_behind` is by how much the sender's clock is behind ours, where a time is sent. `refusal` is what a
    webhook would be answered, `findings` why, and `expected` what the header should look like.
    """

    secret_number: int | None = None
    seconds_behind: float | None = None
    refusal: str | None = None
    findings: tuple[Finding, ...] = ()
    expected: str | None = None
