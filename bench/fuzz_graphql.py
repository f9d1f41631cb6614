"""GraphQL from Schemathesis at a real server: `make fuzz` prints the figures, and fails where one is not as it must be.

Every query and mutation of the schema, valid ones and such that break a rule, with values that are odd or name real
things, asked by every kind of caller: none is answered 5xx, none is a fault of ours, no answer tells of what is inside,
and the books are sound afterwards. Hypothesis begins from a seed, so the same seed asks the same.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import httpx
import hypothesis
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table
from schemathesis import GenerationMode

from api.negotiation import GRAPHQL_JSON, JSON
from bench.graphql_answers import Seen
from bench.graphql_forms import FORMS, Form
from bench.graphql_values import register_scalars
from bench.graphql_world import Known, callers, peopled
from bench.running import Programme, programme_running
from loyalty.settings import Settings
from loyalty.tokens import issue
from tests.support.stage import AUTH_SECRET

SEED = int(os.environ.get("MIPOINTS_FUZZ_SEED", "1"))
REQUESTS = int(os.environ.get("MIPOINTS_FUZZ_GRAPHQL", "24000"))
_MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE, GenerationMode.POSITIVE)
_TROUBLE = ("Traceback", "fault at", "fault around", "The sweeper's part")


@dataclass(slots=True)
class Asking:
    """Whoever asks, what about, and what was answered so far."""

    tokens: Mapping[str, str | None]
    known: Known
    session: requests.Session
    seen: Seen = field(default_factory=Seen)

    def ask(self, case: Any, caller: str, form: Form, number: int) -> None:
        """One request."""
        body = form(Random(number), case.body, case.operation.schema.client_schema, self.known)
        token = self.tokens[caller]
        headers = {"Content-Type": JSON, "Accept": (GRAPHQL_JSON, JSON)[number % 2]}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        answer = case.call(session=self.session, headers=headers, data=body)
        what = f"{form.__name__}, {caller}: {body!r}"
        (media,) = answer.headers.get("content-type", [""])
        self.seen.add(case.operation.label, what, answer.status_code, answer.content, media, answer.elapsed)

    def examples(self, operation: Any, mode: GenerationMode, many: int, seed: int) -> None:
        """Up to so many requests about one root field; where few are possible, fewer."""

        @hypothesis.seed(seed)
        @hypothesis.settings(
            max_examples=many,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(
            case=operation.as_strategy(generation_mode=mode),
            caller=st.one_of(st.sampled_from(_who_may(operation, self.tokens)), st.sampled_from(list(self.tokens))),
            form=st.sampled_from(FORMS),
            number=st.integers(0, 2**32),
        )
        def ask(case: Any, caller: str, form: Form, number: int) -> None:
            self.ask(case, caller, form, number)

        ask()


def _who_may(operation: Any, tokens: Mapping[str, str | None]) -> list[str]:
    """Those that the words before the colon of a field's description name; everybody where they name none."""
    words = operation.definition.raw.description.partition(":")[0]
    return [each for each in tokens if each.removeprefix("another ") in words] or list(tokens)


def ask_all(url: str, tokens: Mapping[str, str | None], known: Known, wanted: int) -> Seen:
    """So many requests at least, about every root field: valid operations, and such that break a rule of the schema."""
    register_scalars()
    schema = schemathesis.graphql.from_url(f"{url}/graphql")
    turns = [(each.ok(), mode) for each in schema.get_all_operations() for mode in _MODES]
    with requests.Session() as session:
        asking, seed = Asking(tokens, known, session), SEED * 1_000_000
        while asking.seen.asked < wanted:
            many = (wanted - asking.seen.asked) // len(turns) + 1
            for operation, mode in turns:
                seed += 1
                asking.examples(operation, mode, many, seed)
    return asking.seen


async def run(folder: Path, stack: ExitStack) -> tuple[dict[str, str], list[str]]:
    """The figures, and what is not as it must be."""
    log = folder / "processes.log"
    programme = await programme_running(folder, stack, workers=1, log=log)
    settings = Settings(database_url=programme.database_url, sandbox=True, auth_secret=AUTH_SECRET)
    give = partial(issue, settings, seconds=6 * 3600)
    placed_at = (datetime.now(UTC) - timedelta(hours=12)).isoformat(timespec="seconds")
    async with httpx.AsyncClient(base_url=programme.url, timeout=30) as http:
        known = await peopled(http, give, placed_at)
    began = time.perf_counter()
    seen = await asyncio.to_thread(ask_all, programme.url, callers(give), known, REQUESTS)
    return await _judged(programme, seen, time.perf_counter() - began, log)


async def _judged(programme: Programme, seen: Seen, seconds: float, log: Path) -> tuple[dict[str, str], list[str]]:
    told = await asyncio.to_thread(log.read_text, "utf-8", "replace")
    faults, audit = sum(told.count(each) for each in _TROUBLE), await programme.audit()
    figures = {
        "requests, seconds": f"{seen.asked}, {seconds:.0f}",
        "answers": _counted(seen.statuses),
        "operations": _counted(seen.outcomes),
        "slowest": f"{seen.slowest * 1000:.0f} ms",
        "answers that are wrong in some way": str(len(seen.wrong)),
        "faults in the logs": str(faults),
        "audit": audit,
    }
    failures = [f"{problem}: {what}" for problem, what in seen.wrong.items()]
    failures += [f"{faults} faults in the logs:\n{_around(told)}"] if faults else []
    return figures, failures + ([audit] if audit != "sound" else [])


def _counted(counter: Mapping[Any, int]) -> str:
    return ", ".join(f"{count} x {what}" for what, count in sorted(counter.items(), key=lambda each: -each[1]))


def _around(log: str) -> str:
    """What the log says of the first fault."""
    at = min(log.find(each) for each in _TROUBLE if each in log)
    return log[max(0, at - 300) : at + 3000]


def main() -> None:
    """Runs it in a folder of its own, and exits with 1 where a figure is not what it must be."""
    with tempfile.TemporaryDirectory(prefix="mipoints-fuzz-") as folder, ExitStack() as stack:
        figures, failures = asyncio.run(run(Path(folder), stack))
    table = Table(f"GraphQL from Schemathesis, seed {SEED}", "")
    for name, figure in figures.items():
        table.add_row(name, figure)
    Console().print(table)
    for failure in failures:
        print(failure, file=sys.stderr)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
