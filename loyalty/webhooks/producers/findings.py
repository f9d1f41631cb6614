"""The result of a self-test of a signature."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake: a stable code, and a sentence for the person who fixes it."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Pinged:
    """The result of a ping. `secret_number` counts the active secrets from 1; None if none of them proves the body.

    `seconds_behind`: how far the sender's clock is behind ours; None if no time is sent. `refusal`: the sentence that
    a webhook would get, `findings`: the reasons, `expected`: the form that the header should have.
    """

    secret_number: int | None = None
    seconds_behind: float | None = None
    refusal: str | None = None
    findings: tuple[Finding, ...] = ()
    expected: str | None = None
