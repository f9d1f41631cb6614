"""The CPU time of this process for each step of a request for the home screen.

`python -m bench.request_profile`, or with `--center` for the Points Center as the app asks for it: every step is run in
this process many times, in rounds that take turns, over rows that Postgres answered once; so only Python is measured. A
step alone is cheaper than within the whole, because it finds all it needs in the processor's caches. In the last row
Postgres is asked; of that, what the driver does counts. `--profile` prints the costliest functions of the whole.
Figures of one run may be compared, those of two machines may not.
"""

import asyncio
import cProfile
import gc
import json
import pstats
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console
from rich.table import Table
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Scope

from api.access import caller_of
from api.app import create_app
from api.graphql import GraphQLEndpoint
from api.requests import OperationRequest, read_request
from api.trusted import FOLDER, MANIFEST
from api.written import sent
from bench.compiled import Remembering
from bench.filled import filled_stage, nobody
from loyalty.messages.negotiation import language_of
from loyalty.programme.programme import Programme
from loyalty.tokens import Verifier
from tests.support.stage import Stage

ROUNDS, RUNS, AT_ONCE = 9, 200, 16
LIMIT = 262_144
HOME = (Path(__file__).parent / "speed" / "documents" / "home.graphql").read_text("utf-8")


def asked() -> tuple[str, str]:
    """The name of the operation that is asked for, and its document."""
    name = "PointsCenterQuery"
    return (name, of_the_app()[name]) if "--center" in sys.argv else ("Home", HOME)


def of_the_app() -> dict[str, str]:
    """The app's documents by the name of their operation."""
    return {each["name"]: each["body"] for each in json.loads((FOLDER / MANIFEST).read_text("utf-8"))["operations"]}


@dataclass(frozen=True, slots=True)
class Client:
    """A client in this process: it sends the same request again and again, and stays until its answer is there."""

    scope: Scope
    body: bytes

    async def ask(self, app: ASGIApp) -> bytes:
        """The body of the answer."""
        pieces: list[bytes] = []

        async def send(message: Message) -> None:
            pieces.append(message.get("body", b""))

        await app({**self.scope, "state": {}}, self.receive(), send)
        return b"".join(pieces)

    def receive(self) -> Callable[[], Awaitable[Message]]:
        """ASGI's receive: the whole body at once, and then nothing, as from a client that waits."""
        coming: list[Message] = [{"type": "http.request", "body": self.body, "more_body": False}]

        async def receive() -> Message:
            return coming.pop() if coming else await asyncio.get_running_loop().create_future()

        return receive


def client_of(token: str, name: str, document: str) -> Client:
    """A member's phone that asks for an operation without variables."""
    body = json.dumps({"query": document, "operationName": name}).encode()
    headers = {
        "host": "127.0.0.1:8000", "content-type": "application/json", "content-length": str(len(body)),
        "accept": "application/json", "authorization": f"Bearer {token}", "user-agent": "bench",
    }  # fmt: skip
    scope: Scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "POST",
        "scheme": "http", "path": "/graphql", "raw_path": b"/graphql", "query_string": b"", "root_path": "",
        "server": ("127.0.0.1", 8000), "client": ("127.0.0.1", 50000),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    return Client(scope, body)


Step = tuple[str, Callable[[], Awaitable[object]]]


async def steps(app: Starlette, real: Starlette, client: Client) -> list[Step]:
    """The steps in their order, the whole, and the whole with Postgres."""
    endpoint = endpoint_of(app)
    runner = endpoint.runner
    request = Request(client.scope, client.receive())
    operation = await read_request(request, LIMIT)
    assert isinstance(operation, OperationRequest)
    caller = await caller_of(request, endpoint.verifier)
    asker = runner.asker(request, caller, "en", "0" * 32)
    for _ in range(3):
        ready = await runner.prepare(operation, asker)
    answered = await runner.run(ready, asker)

    async def read() -> object:
        return await read_request(Request(client.scope, client.receive()), LIMIT)

    async def identified() -> object:
        new = Request(client.scope)
        caller = await caller_of(new, endpoint.verifier)
        return runner.asker(new, caller, language_of(new.headers.get("accept-language")), "0" * 32)

    async def executed() -> object:
        return await runner._execute(ready, runner.context_for(ready, asker))

    async def written() -> object:
        return sent(answered.body)

    return [
        ("reading the body and its JSON", read),
        ("caller, language and payer", identified),
        ("document, cost and budget", lambda: runner.prepare(operation, asker)),
        ("running it by its plan", executed),
        ("writing the answer", written),
        ("prepared and run", lambda: endpoint.run(operation, asker)),
        ("all of `/graphql`", lambda: client.ask(endpoint)),
        ("all of the application", lambda: client.ask(app)),
        (f"all of it with Postgres, {AT_ONCE} at a time", lambda: together(real, client)),
    ]


async def together(app: ASGIApp, client: Client) -> None:
    """As many requests as clients, at a time."""
    await asyncio.gather(*[client.ask(app) for _ in range(AT_ONCE)])


def endpoint_of(app: Starlette) -> GraphQLEndpoint:
    """The endpoint of an application."""
    return next(route.endpoint for route in app.routes if getattr(route, "path", "") == "/graphql")  # type: ignore[attr-defined, no-any-return]


async def microseconds(step: Step) -> float:
    """Of CPU a request, over many."""
    name, run = step
    each = AT_ONCE if "at a time" in name else 1
    began = time.process_time()
    for _ in range(RUNS // each):
        await run()
    return (time.process_time() - began) / (RUNS // each * each) * 1e6


def application(stage: Stage, programme: Programme) -> Starlette:
    """The application, without a budget's end."""
    settings = replace(stage.settings, graphql_member_budget=10_000_000)
    return create_app(settings, programme, nobody, Verifier(settings))


async def measured(stage: Stage) -> None:
    """Prints the table, or the profile."""
    ready = replace(stage.programme, db=Remembering(stage.programme.db))
    client = client_of(stage.token("mi-1"), *asked())
    every = await steps(application(stage, ready), application(stage, stage.programme), client)
    if "--profile" in sys.argv:
        await profiled(every[-2])
        return
    rounds = [[await microseconds(step) for step in every] for _ in range(ROUNDS + 1)][1:]
    table = Table("step", "µs of CPU")
    for (name, _), figures in zip(every, zip(*rounds, strict=True), strict=True):
        table.add_row(name, f"{statistics.median(figures):.0f}")
    Console(width=100).print(table)


async def profiled(step: Step) -> None:
    """Prints the functions that cost the most themselves."""
    profile: Any = cProfile.Profile()
    await microseconds(step)
    profile.enable()
    for _ in range(10):
        await microseconds(step)
    profile.disable()
    pstats.Stats(profile).sort_stats("tottime").print_stats(70)


async def main() -> None:
    """Starts a Postgres of its own, and a member with a history."""
    async with filled_stage() as stage:
        gc.collect()
        gc.freeze()  # as `mipoints serve` does
        await measured(stage)


if __name__ == "__main__":
    uvloop.run(main())
