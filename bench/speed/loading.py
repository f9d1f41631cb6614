"""A turn under load: the load's process is started and ready first, then CPU is read, then it begins."""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass

from bench.speed.figures import Sample
from bench.speed.meter import Meter

_LONGEST_LINE = 2**28


class WrongAnswers(Exception):
    """A contender gave wrong answers, so its figures mean nothing."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The requests to a port: each once, or repeated until the seconds are over and `at_least` so many were sent.

    Each answer `must_hold` a text.
    """

    port: int
    requests: Sequence[str]
    must_hold: str
    connections: int
    seconds: float = 3600.0
    at_least: int = 0
    repeats: bool = False

    def as_line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"


async def under_load(meter: Meter, plan: Plan, until: Callable[[], Awaitable[None]] | None = None) -> Sample:
    """One turn; `until` is awaited after the last answer, and counts. Raises WrongAnswers."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.speed.load",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=_LONGEST_LINE,
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    process.stdin.write(plan.as_line())
    assert await process.stdout.readline() == b"ready\n", "The load did not get its connections."
    before, began = meter.read(), time.perf_counter()
    process.stdin.write(b"go\n")
    loaded = json.loads(await process.stdout.readline())
    seconds = loaded["seconds"]
    if until is not None:
        await until()
        seconds = time.perf_counter() - began
    spent = meter.since(before)
    await process.wait()
    if loaded["wrong"]:
        raise WrongAnswers(f"{loaded['wrong']} of {len(loaded['took'])} answers: {loaded['first_wrong']}")
    return Sample(len(loaded["took"]), seconds, spent, loaded["took"], {"bytes": loaded["body_bytes"]})
