"""The CPU time of this process for the app's operations, by plans and by graphql-core, with rows that are ready.

`python -m bench.compiled`: both ways take turns in one run, over what Postgres answered once; so only Python is
measured, and only the ratios mean something on another machine. The answers of both ways are compared first.
"""

import asyncio
import json
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from rich.console import Console
from rich.table import Table

from api.admission import Admitted
from api.app import admission_of
from api.context import Requester
from api.documents import Documents, chosen_operation
from api.followers import Followers
from api.payers import Payer
from api.persisted import Persisted
from api.plans import Plans
from api.runner import Ready, Runner
from api.schema import schema
from api.trusted import FOLDER, MANIFEST
from api.written import sent
from bench.filled import filled_stage, nobody
from db.pool import Database
from loyalty.callers import Caller
from loyalty.programme.programme import Programme
from tests.support.stage import Stage

ROUNDS, RUNS = 9, 100
HOME = """{ me { balance { available pending }
  pointsHistory(first: 20) {
    edges { cursor node { id kind points balanceAfter occurredAt reference } } pageInfo { hasNextPage endCursor } }
  coupons(first: 5) { nodes { id code state cost value { amountMinor currency } expiresAt } } } }"""


@dataclass(slots=True)
class Remembering:
    """A database of which every statement is asked once; after that its answer is ready."""

    real: Database
    _known: dict[tuple[str, str, str], Any] = field(default_factory=dict)

    async def _ask(self, way: str, sql: str, args: tuple[Any, ...]) -> Any:
        key = way, sql, repr(args)
        if key not in self._known:
            self._known[key] = await getattr(self.real, way)(sql, *args)
        return self._known[key]

    async def fetch(self, sql: str, *args: Any) -> Any:
        """As Database's."""
        return await self._ask("fetch", sql, args)

    async def fetchrow(self, sql: str, *args: Any) -> Any:
        """As Database's."""
        return await self._ask("fetchrow", sql, args)

    async def fetchval(self, sql: str, *args: Any) -> Any:
        """As Database's."""
        return await self._ask("fetchval", sql, args)

    async def execute(self, sql: str, *args: Any) -> Any:
        """As Database's."""
        return await self._ask("execute", sql, args)

    async def in_transaction(self, work: Callable[[Any], Awaitable[Any]]) -> Any:
        """Nothing is written: keys are used already."""
        return await work(self)


@dataclass(frozen=True, slots=True)
class Ways:
    """An operation, ready to be run both ways for its member."""

    name: str
    runner: Runner
    ready: Ready
    asker: Requester

    async def once(self, *, is_planned: bool) -> bytes:
        """The body of the answer."""
        ready = self.ready if is_planned else replace(self.ready, plan=None)
        return sent(await self.runner._execute(ready, self.runner.context_for(ready, self.asker)))

    async def microseconds(self, *, is_planned: bool) -> float:
        """Of CPU a run, over many."""
        began = time.process_time()
        for _ in range(RUNS):
            await self.once(is_planned=is_planned)
        return (time.process_time() - began) / RUNS * 1e6


async def ways(stage: Stage) -> list[Ways]:
    """The app's operations; a redeem is asked again under its key, so that its payload is all there is to do."""
    programme = replace(stage.programme, db=Remembering(stage.programme.db))
    runner = Runner(
        schema, Documents(schema._schema), Persisted(), programme, nobody, Followers.of(stage.settings),
        admission_of(stage.settings, None), 3600, Plans(schema),
    )  # fmt: skip
    bodies = {each["name"]: each["body"] for each in json.loads((FOLDER / MANIFEST).read_text())["operations"]}
    reward = (await stage.ask('{ rewards(market: "ES") { id } }'))["rewards"][0]["id"]
    asked: dict[str, tuple[str, dict[str, Any]]] = {
        "home": (HOME, {}),
        "PointsCenter": (bodies["PointsCenterQuery"], {}),
        "PointsHistory": (bodies["PointsHistoryQuery"], {}),
        "Coupons": (bodies["CouponsQuery"], {}),
        "Redeem's payload": (bodies["RedeemMutation"], {"input": {"rewardId": reward}, "key": "coupon-0"}),
    }
    return [_ways(name, runner, programme, text, variables) for name, (text, variables) in asked.items()]


def _ways(name: str, runner: Runner, programme: Programme, text: str, variables: dict[str, Any]) -> Ways:
    prepared = runner.documents.pin(text)
    assert prepared.document is not None, prepared.errors
    operation = chosen_operation(prepared.document, None)
    assert not isinstance(operation, Exception)
    assert runner.plans is not None
    plan = runner.plans.plan_of(prepared, operation)
    assert plan is not None
    ready = Ready(text, prepared.document, operation, None, variables, Admitted(1, None), plan)
    return Ways(name, runner, ready, Requester(Caller("mi-1"), "en", "0" * 32, Payer("mi-1", 0), is_helped=True))


async def measured(of: Ways) -> tuple[float, float]:
    """Microseconds by graphql-core and by plan: medians of rounds in turn."""
    assert await of.once(is_planned=True) == await of.once(is_planned=False), of.name
    rounds = [(await of.microseconds(is_planned=False), await of.microseconds(is_planned=True)) for _ in range(ROUNDS)]
    return statistics.median(core for core, _ in rounds), statistics.median(plan for _, plan in rounds)


async def main() -> None:
    """Prints the table."""
    table = Table("operation", "graphql-core, µs", "plan, µs", "times cheaper", "bytes")
    async with filled_stage() as stage:
        for each in await ways(stage):
            core, plan = await measured(each)
            size = len(await each.once(is_planned=True))
            table.add_row(each.name, f"{core:.0f}", f"{plan:.0f}", f"{core / plan:.1f}", str(size))
    Console().print(table)


if __name__ == "__main__":
    asyncio.run(main())
