"""Each root field of a mutation runs once and in order, whatever fails below it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import strawberry
from graphql import parse

from api.compiled.plan import Plan
from api.compiled.replaying import Incomplete, ReplayingExecutor
from tests.compiled.ways import interpreted, plan_of, planned


@dataclass
class Log:
    """The calls of resolvers, in order, and the events by which a test stops one."""

    done: list[str] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    waits: asyncio.Event = field(default_factory=asyncio.Event)


@strawberry.type
class Thing:
    name: str
    broken: int

    @strawberry.field
    async def slow(self, info: strawberry.Info) -> str:
        info.context.done.append(f"slow {self.name}")
        info.context.waits.set()
        await info.context.gate.wait()
        return "slow"

    @strawberry.field
    async def raising(self, info: strawberry.Info) -> str:
        info.context.done.append(f"raising {self.name}")
        raise ValueError("below")


@strawberry.type
class Query:
    name: str = "nothing"


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def make(self, info: strawberry.Info, name: str, wrong: int = 1) -> Thing:
        await asyncio.sleep(0)
        info.context.done.append(f"make {name}")
        return Thing(name=name, broken=2**31 if wrong else 1)

    @strawberry.mutation
    async def maybe(self, info: strawberry.Info, name: str) -> Thing | None:
        info.context.done.append(f"maybe {name}")
        await asyncio.sleep(0)
        if name == "raises":
            raise ValueError("at the root")
        return Thing(name=name, broken=2**31)

    @strawberry.mutation
    def at_once(self, info: strawberry.Info, name: str) -> Thing | None:
        info.context.done.append(f"at once {name}")
        if name == "raises":
            raise ValueError("at once")
        return Thing(name=name, broken=2**31)


SCHEMA = strawberry.Schema(Query, Mutation, execution_context_class=ReplayingExecutor)


@pytest.mark.parametrize(
    "text",
    [
        'mutation { a: make(name: "a") { name broken } b: make(name: "b") { name } }',
        'mutation { a: maybe(name: "a") { broken } b: maybe(name: "b") { name } c: maybe(name: "c") { raising } }',
        'mutation { a: maybe(name: "raises") { name } b: maybe(name: "b") { name } }',
        'mutation { a: maybe(name: "a") { raising broken } b: atOnce(name: "b") { broken } c: make(name: "c") {name} }',
        'mutation { a: atOnce(name: "raises") { name } b: atOnce(name: "b") { raising } c: atOnce(name: "c") {name} }',
        """mutation { a: maybe(name: "a") { ...F } ...F2 } fragment F on Thing { broken }
        fragment F2 on Mutation { a: maybe(name: "a") { raising } d: make(name: "d", wrong: 0) { broken } }""",
    ],
)
async def test_each_root_field_runs_once_and_in_order(text: str):
    document, log, expected = parse(text), Log(), Log()
    plan = plan_of(SCHEMA, document)
    assert plan is not None
    answer = await interpreted(SCHEMA, document, expected)
    assert (await planned(SCHEMA, plan, document, log))[0] == answer
    roots = [each for each in log.done if not each.startswith(("slow", "raising"))]
    assert roots == [each for each in expected.done if not each.startswith(("slow", "raising"))]
    assert len(roots) == len(set(roots))


async def test_a_mutation_without_errors_is_answered_by_its_plan_alone():
    document, log = parse('mutation { make(name: "a", wrong: 0) { name broken } }'), Log()
    plan = plan_of(SCHEMA, document)
    assert plan is not None
    assert await plan.execute(log, {}) == '{"make":{"name":"a","broken":1}}'
    assert log.done == ["make a"]


@asynccontextmanager
async def under_way(plan: Plan, log: Log) -> AsyncIterator["asyncio.Task[str | Incomplete]"]:
    """An execution that has reached a field that waits."""
    task = asyncio.create_task(plan.execute(log, {}))
    await log.waits.wait()
    yield task


async def test_a_cancelled_mutation_neither_continues_nor_runs_again():
    document, log = parse('mutation { a: make(name: "a") { slow } b: make(name: "b") { name } }'), Log()
    plan = plan_of(SCHEMA, document)
    assert plan is not None
    async with under_way(plan, log) as task:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert log.done == ["make a", "slow a"]


async def test_a_mutation_ends_at_its_deadline():
    document, log = parse('mutation { a: make(name: "a") { slow } b: make(name: "b") { name } }'), Log()
    plan = plan_of(SCHEMA, document)
    assert plan is not None
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await plan.execute(log, {})
    assert log.done == ["make a", "slow a"]


async def test_a_second_field_waits_for_all_of_the_first():
    document = parse('mutation { a: make(name: "a", wrong: 0) { slow } b: make(name: "b", wrong: 0) { name } }')
    plan, log = plan_of(SCHEMA, document), Log()
    assert plan is not None
    async with under_way(plan, log) as task:
        for _ in range(50):
            await asyncio.sleep(0)
        assert log.done == ["make a", "slow a"]
        log.gate.set()
        assert await task == '{"a":{"slow":"slow"},"b":{"name":"b"}}'


async def test_invalid_variables_run_no_resolver():
    document, log = parse("mutation($n: String!) { make(name: $n) { name } }"), Log()
    plan = plan_of(SCHEMA, document)
    assert plan is not None
    answer, is_finished = await planned(SCHEMA, plan, document, log, {"n": 5})
    assert not is_finished
    assert b"got invalid value" in answer or b"cannot represent" in answer
    assert log.done == []
