"""The load, a process of its own whose CPU is not counted: `python -m bench.speed.load` with its plan as input.

A closed loop: each connection sends the next request as soon as its last one was answered, until the seconds are over
and enough requests were sent, or until none is left if each may be sent only once. The number matters on a slow
machine: a server with a just-in-time compiler has to be as warm there as on a fast one.

It says `ready` when its connections are open, starts when it reads `go`, and ends with its figures as JSON.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import cycle
from typing import Any

import uvloop

from bench.speed.connection import Answered, Connection


@dataclass(slots=True)
class Loaded:
    """The results: seconds of each request (`took`) and of all, and the number of wrong answers with the first one."""

    seconds: float = 0.0
    took: list[float] = field(default_factory=list)
    body_bytes: int = 0
    wrong: int = 0
    first_wrong: str = ""

    def count(self, answered: Answered, seconds: float, must_hold: bytes) -> None:
        """One more answer."""
        self.took.append(seconds)
        self.body_bytes = len(answered.body)
        if not 200 <= answered.status < 300 or must_hold not in answered.body or b'"errors"' in answered.body:
            self.wrong += 1
            self.first_wrong = self.first_wrong or f"{answered.status}: {answered.body[:500]!r}"


async def load(connections: Sequence[Connection], requests: Iterator[bytes], plan: Mapping[str, Any]) -> Loaded:
    """Sends requests over all connections."""
    loaded, began = Loaded(), time.perf_counter()

    async def one_after_another(connection: Connection) -> None:
        for request in requests:
            sent = time.perf_counter()
            answered = await connection.ask(request)
            done = time.perf_counter()
            loaded.count(answered, done - sent, plan["must_hold"].encode())
            is_enough = done - began > plan["seconds"] and len(loaded.took) >= plan.get("at_least", 0)
            if is_enough or answered.status == 0:
                return

    await asyncio.gather(*(one_after_another(each) for each in connections))
    loaded.seconds = time.perf_counter() - began
    return loaded


async def main(plan: dict[str, Any]) -> None:
    """Opens the connections, waits for `go`, and prints the figures."""
    loop = asyncio.get_running_loop()
    requests = [text.encode() for text in plan["requests"]]
    opened = [
        (await loop.create_connection(Connection, "127.0.0.1", plan["port"]))[1] for _ in range(plan["connections"])
    ]
    print("ready", flush=True)
    sys.stdin.readline()
    source = cycle(requests) if plan["repeats"] else iter(requests)
    print(json.dumps(asdict(await load(opened, source, plan))))


if __name__ == "__main__":
    uvloop.run(main(json.loads(sys.stdin.readline())))
