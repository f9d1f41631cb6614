"""Sends each attack of graphql-armor's list, and worse ones, a thousand times to a server in production mode. `make
fuzz` prints the figures.

Each attack must be refused with its code and without data; its cost is compared with a plain query in the same run.
Memory must not grow: all attacks are sent in two rounds, and the second may leave no more than MOST_GROWTH behind.
Callers have no budget here: with a budget, the server would stop reading such documents after two hundred a minute.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import httpx
import psutil
from rich.console import Console
from rich.table import Table

from bench.keys import Provider, provider
from bench.running import Programme, programme_running
from loyalty.settings import Settings
from loyalty.tokens import issue
from tests.support.hostile.attacking import ATTACKS, Attack, document
from tests.support.hostile.wire import Answer, Request, Wire
from tests.support.processes import Server, answering, serving
from tests.support.stage import AUTH_SECRET, REGISTER

TIMES = int(os.environ.get("MIPOINTS_ATTACKS", "500"))
WARM = 100
MOST_GROWTH = 8.0
"""Megabytes that the second round may leave behind."""
PLAIN = document("{ me { balance { available pending worth { amountMinor currency } } } }")


@dataclass(slots=True)
class Seen:
    """The answers to one attack: times in milliseconds, wrong answers, and the server's growth in megabytes."""

    took: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    grown: float = 0.0


@dataclass(slots=True)
class Attacker:
    """A client with a member's token and one connection."""

    wire: Wire
    token: str
    server: psutil.Process

    async def send(self, body: bytes) -> Answer:
        """Sends one request as usual clients do, and returns its answer."""
        headers = (
            (b"Content-Type", b"application/json"),
            (b"Accept", b"application/graphql-response+json"),
            (b"Authorization", f"Bearer {self.token}".encode()),
        )
        return await self.wire.send(Request(b"POST", b"/graphql", headers, body))

    async def repeat(self, attack: Attack, times: int, seen: Seen) -> None:
        """Sends the same attack so many times, and adds the answers to `seen`."""
        before = self.memory()
        for number in range(times):
            answer = await self.send(attack.varied(number))
            seen.took.append(answer.seconds * 1000)
            if not is_refused(answer, attack):
                seen.wrong.append(f"{attack.name}: {answer.status} {answer.body[:300]!r}")
        seen.grown = self.memory() - before

    async def send_plain(self, times: int) -> list[float]:
        """Sends the plain query so many times; it must always be answered. Returns the times in milliseconds."""
        answers = [await self.send(PLAIN) for _ in range(times)]
        assert all(answer.status == 200 and b'"available"' in answer.body for answer in answers), answers[-1]
        return [answer.seconds * 1000 for answer in answers]

    def memory(self) -> float:
        """Returns the server's resident memory in megabytes."""
        return float(self.server.memory_info().rss) / 2**20


def is_refused(answer: Answer, attack: Attack) -> bool:
    """Returns whether the attack was refused with its status and code, and without data."""
    has_code = f'"code":"{attack.code}"'.encode() in answer.body
    return answer.status == attack.status and has_code and b'"data"' not in answer.body


async def production(programme: Programme, stack: ExitStack, keys: Provider, log: Path) -> Server:
    """Starts a server in production mode on the programme's database."""
    env = {name: value for name, value in programme.env.items() if name != "MIPOINTS_AUTH_SECRET"}
    env |= {"MIPOINTS_SANDBOX": "off", "MIPOINTS_AUTH_JWKS_URL": keys.address}
    server = stack.enter_context(serving(env, stack.enter_context(log.open("ab")).fileno()))
    await answering(server)
    return server


async def joined(programme: Programme) -> None:
    """Registers the member mi-1."""
    settings = Settings(database_url=programme.database_url, sandbox=True, auth_secret=AUTH_SECRET)
    headers = {"authorization": f"Bearer {issue(settings, scope='storefront', name='storefront')}"}
    person = {"miId": "mi-1", "market": "ES", "birthDate": "1990-05-17"}
    async with httpx.AsyncClient(base_url=programme.url, headers=headers) as http:
        await http.post("/graphql", json={"query": REGISTER, "variables": {"input": person, "key": "join"}})


async def run(folder: Path, stack: ExitStack) -> tuple[Table, list[str]]:
    """Runs a warm-up and then two rounds of all attacks; returns the table and the failures."""
    log = folder / "processes.log"
    programme = await programme_running(folder, stack, workers=0, log=log)
    await joined(programme)
    keys = stack.enter_context(provider())
    server = await production(programme, stack, keys, log)
    wire = Wire(urlsplit(server.url).port or 0)
    attacker = Attacker(wire, keys.token("mi-1"), psutil.Process(server.process.pid))
    await _round(attacker, WARM)
    memory = [attacker.memory()]
    first, _ = await _round(attacker, TIMES)
    memory.append(attacker.memory())
    second, plain = await _round(attacker, TIMES)
    memory.append(attacker.memory())
    await wire.close()
    return _table(second, plain, memory), _failures((first, second), memory)


async def _round(attacker: Attacker, times: int) -> tuple[dict[Attack, Seen], list[float]]:
    """Sends all attacks one after the other, and the plain query before and after them."""
    seen: dict[Attack, Seen] = {attack: Seen() for attack in ATTACKS}
    plain = await attacker.send_plain(times)
    for attack, one in seen.items():
        await attacker.repeat(attack, times, one)
    return seen, plain + await attacker.send_plain(times)


def _table(seen: Mapping[Attack, Seen], plain: list[float], memory: list[float]) -> Table:
    held = ", ".join(f"{each:.1f}" for each in memory)
    title = (
        f"Each attack {2 * TIMES} times; the server holds {held} MB: before, after {TIMES} of each, after {2 * TIMES}"
    )
    table = Table("", "attack", "refused", "median", "slowest", "x plain", "MB left", title=title)
    usual = median(plain)
    table.add_row("", "a plain query", "answered", f"{usual:.1f} ms", f"{max(plain):.0f} ms", "1.0", "")
    for attack, one in seen.items():
        middle = median(one.took)
        times = [f"{middle:.1f} ms", f"{max(one.took):.0f} ms", f"{middle / usual:.1f}"]
        table.add_row(attack.of, attack.name, attack.code, *times, f"{one.grown:.1f}")
    return table


def _failures(rounds: tuple[Mapping[Attack, Seen], ...], memory: list[float]) -> list[str]:
    grown = memory[2] - memory[1]
    wrong = [text for seen in rounds for one in seen.values() for text in one.wrong[:1]]
    return wrong + ([f"The second round left {grown:.1f} MB behind."] if grown > MOST_GROWTH else [])


def main() -> None:
    """Runs all of it in a temporary folder, and exits with 1 if a figure is wrong."""
    with tempfile.TemporaryDirectory(prefix="mipoints-attacks-") as folder, ExitStack() as stack:
        table, failures = asyncio.run(run(Path(folder), stack))
    Console().print(table)
    for failure in failures:
        print(failure, file=sys.stderr)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
