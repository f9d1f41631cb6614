"""The surroundings that all rows share: databases, the contenders' processes, members, and notes for the reader."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from itertools import cycle
from pathlib import Path
from random import Random

import asyncpg

from bench.speed.contenders import mercurius, ours, usual
from bench.speed.databases import Databases
from bench.speed.figures import Sample
from bench.speed.http_requests import token
from bench.speed.meter import Meter
from bench.speed.options import Options
from bench.speed.process import Launch, Running

OURS, BESIDE, USUAL, MERCURIUS, LIMIT = "ours", "beside", "usual", "mercurius", "pgbench"

Turn = Callable[[], Awaitable[Sample]]
Turns = Mapping[str, Turn]


@dataclass(slots=True)
class World:
    """One run's surroundings. `notes` are sentences for the reader, such as who was skipped and why."""

    options: Options
    folder: Path
    databases: Databases
    owner: asyncpg.Connection
    meter: Meter
    stack: AsyncExitStack
    redis_url: str | None = None
    redis_pid: int = 0
    notes: list[str] = field(default_factory=list)
    database: str = "postgres"
    _running: dict[str, Running] = field(default_factory=dict)
    _members: dict[str, Iterator[int]] = field(default_factory=dict)

    def log(self, name: str) -> Path:
        """The log file of a process."""
        return self.folder / f"{name}.log"

    def env(self) -> dict[str, str]:
        """Our processes' environment."""
        redis_url = self.redis_url if self.options.with_redis else None
        return ours.environment(self.databases.url(self.database), redis_url, self.options.settings)

    def usual_env(self, pool_size: int = 10) -> dict[str, str]:
        """The usual server's and its workers' environment."""
        return usual.environment(self.databases.url(), self.redis_url, pool_size)

    def names(self) -> list[str]:
        """The servers that take part in a row which every server can answer."""
        return [*self.our_names(), USUAL, *([] if mercurius.reason_to_skip() else [MERCURIUS])]

    def our_names(self) -> list[str]:
        """This checkout, and the other one, if `--beside` names one."""
        return [OURS, *([BESIDE] if self.options.beside else [])]

    def checkout(self, name: str) -> Path:
        """The folder of one of `our_names`."""
        return self.options.beside if name == BESIDE and self.options.beside else ours.ROOT

    def launch(self, name: str) -> Launch:
        """How a server is started, anew each time."""
        if name == USUAL:
            return usual.serve(self.usual_env(), self.log(name))
        if name == MERCURIUS:
            return mercurius.serve(self.databases.sockets, "postgres", self.log(name))
        return ours.serve(name, self.env(), self.log(name), self.checkout(name))

    async def server(self, name: str, launch: Launch | None = None) -> Running:
        """The running server of this name, started at its first use; it ends with the run."""
        if name not in self._running:
            running = (launch or self.launch(name)).start()
            self.stack.push_async_callback(running.stop)
            await running.ready()
            self._running[name] = running
        return self._running[name]

    async def servers(self, names: Sequence[str]) -> dict[str, Running]:
        """The running servers of these names, started at the same time."""
        found = await asyncio.gather(*(self.server(name) for name in names))
        return dict(zip(names, found, strict=True))

    def readers(self) -> list[str]:
        """The Mi accounts that read: `active` of all members, the same in each run."""
        options = self.options
        some = Random(options.seed).sample(range(1, options.members + 1), min(options.active, options.members))
        return [f"seed-{n}" for n in some]

    def next_members(self, purpose: str, count: int) -> list[str]:
        """The next Mi accounts for this purpose; each comes again only when all others have come."""
        taking = self._members.setdefault(purpose, cycle(range(1, self.options.members + 1)))
        return [f"seed-{next(taking)}" for _ in range(count)]

    def storefront(self) -> str:
        """The token of the shop's service."""
        return token("storefront", scope="storefront")

    async def on(self, database: str, members: int, entries: int, coupons: int, *settings: str) -> "World":
        """Another world on a database of its own, in the same Postgres, with further settings for our processes."""
        await self.owner.execute(f"create database {database}")
        owner = await asyncpg.connect(self.databases.url(database))
        self.stack.push_async_callback(owner.close)
        other = replace(
            self,
            options=replace(self.options, members=members, settings=(*self.options.settings, *settings)),
            owner=owner, meter=Meter(self.meter.postmaster, owner.get_server_pid()), database=database,
            _running={}, _members={},
        )  # fmt: skip
        await self.databases.fill(other.env(), members, entries, coupons)
        return other

    def note(self, sentence: str) -> None:
        """Adds a sentence for the reader, once."""
        if sentence not in self.notes:
            self.notes.append(sentence)
