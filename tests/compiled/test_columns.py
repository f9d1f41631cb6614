"""Lists of one class are written column by column, and objects made of a source without being made: with the same bytes
and the same errors, whatever the values are."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import pytest
import strawberry
from graphql import parse

from api.compiled.made import DECLARED, MadeOf, Reading
from api.compiled.replaying import ReplayingExecutor
from tests.compiled.ways import interpreted, plan_of, planned

TEXT = """{ things {
  __typename name nick whole real flag size maybeSize
  owner { name } keeper { name } parts { name whole } box { label: name } } }"""

MAYBE = TEXT.replace("things", "maybe")
RESOLVED = """{ things {
  __typename name resolved nick whole label: resolved(times: 2) real flag anyone { name __typename } later size owner {
  name } } }"""


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


SIZE = strawberry.enum(Size)


@strawberry.type
class Part:
    name: str
    whole: int | None = None


@strawberry.interface
class Named:
    name: str


@strawberry.type
class Owner(Named):
    pass


@strawberry.type
class Stranger(Named):
    pass


@strawberry.type
class Thing:
    name: str
    nick: str | None
    whole: int
    real: float
    flag: bool
    size: SIZE
    maybe_size: SIZE | None
    owner: Owner
    keeper: Owner | None
    parts: list[Part]
    box: Part | None
    anyone: Named | None

    @strawberry.field
    def resolved(self, times: int = 1) -> str | None:
        return None if self.nick else "resolved " * times

    @strawberry.field
    async def later(self) -> int | None:
        return len(self.name)


@dataclass
class Source:
    """A row; `made` counts the objects that were made of rows."""

    name: Any = "a"
    nick: Any = None
    whole: Any = 1
    real: Any = 0.5
    flag: Any = True
    size: Any = Size.SMALL
    maybe_size: Any = None
    holder: Any = "an owner"
    pieces: Any = ("p", "q")
    owner_class: Any = None


MADE: list[type] = []


def _init(made: Any, row: Any) -> None:
    MADE.append(type(made))
    made.row = row


def declared(type_: type, **readings: Reading) -> Any:
    """A class whose objects are made of a row."""
    members = {name: _read(each.reader()) for name, each in readings.items()}
    return type(type_.__name__, (type_,), {"__init__": _init, DECLARED: MadeOf("row", readings), **members})


def _read(read: Callable[[Any], Any]) -> property:
    return property(lambda made: read(made.row))


def plain(name: str) -> Reading:
    """The attribute of the same name."""
    return Reading((name,))


PART = declared(Part, name=Reading(make=str), whole=Reading(make=len))
OWNER = declared(Owner, name=plain("holder"))
FIELDS = {
    **{name: plain(name) for name in ("nick", "whole", "real", "flag", "size", "maybe_size")},
    "name": Reading(("name", "nick"), lambda name, nick: name if nick is None else f"{name} or {nick}"),
    "owner": Reading(make=OWNER),
    "keeper": Reading(make=lambda row: None if row.holder is None else Owner(name=row.holder)),
    "parts": Reading(("pieces",), PART, is_each=True),
    "box": Reading(("holder",), PART),
    "anyone": Reading(make=lambda row: OWNER(row) if row.flag else Stranger(name="nobody")),
}
THING = declared(Thing, **FIELDS)


class Shouting(THING):  # type: ignore[misc]
    """Inherits the declaration, but reads one field in another way."""

    @property
    def name(self) -> str:
        return "SHOUTED"


@strawberry.type
class Query:
    @strawberry.field
    def things(self, info: strawberry.Info) -> list[Thing]:
        return [*info.context()]

    @strawberry.field
    def maybe(self, info: strawberry.Info) -> list[Thing | None] | None:
        return [*info.context()]

    @strawberry.field
    def sizes(self) -> list[SIZE | None]:
        return [Size.SMALL, None, Size.LARGE, "small"]


SCHEMA = strawberry.Schema(Query, types=[Stranger], execution_context_class=ReplayingExecutor)


async def answers(text: str, things: Callable[[], list[Any]]) -> tuple[bytes, bool]:
    """The plan's third answer, and whether it finished; all answers equal graphql-core's. The first one learns."""
    document = parse(text)
    plan = plan_of(SCHEMA, document)
    assert plan is not None
    expected = await interpreted(SCHEMA, document, things)
    given = [await planned(SCHEMA, plan, document, things) for _ in range(3)]
    assert [each for each, _ in given] == [expected] * 3
    return given[-1]


def many(**changes: Any) -> list[Source]:
    """Seven rows; the fourth has the changes."""
    return [Source(**({"name": f"n{n}"} | (changes if n == 3 else {}))) for n in range(7)]


async def test_rows_are_written_without_making_an_object():
    things = [THING(row) for row in many()]
    assert (await answers(TEXT, lambda: things))[1]
    plan = plan_of(SCHEMA, parse(TEXT))
    assert plan is not None
    await plan.execute(lambda: things, {})
    MADE.clear()
    assert isinstance(await plan.execute(lambda: things, {}), str)
    assert MADE == []


UNUSUAL: dict[str, list[Any]] = {
    "name": ['quo"te\\', "é😀\u2028\x1f", "\ud800 half", "%s {0} %%", "", type("Text", (str,), {})("sub"), 7, None],
    "nick": ["nick", "", ["x"], ValueError("returned")],
    "whole": ["12", 2**31, -(2**31), True, 3.0, 3.5, None, type("Int", (int,), {})(4), KeyError("k")],
    "real": [1, float("nan"), float("inf"), "1.5", -0.0, 1e300, None],
    "flag": [0, 1, 1.0, "x", None],
    "size": ["small", "SMALL", "none of them", None, Size.LARGE],
    "maybe_size": [Size.LARGE, "large", 3],
    "holder": ["", None, 5, "é"],
    "pieces": [(), [], ["x"], ["ab", "c"] * 5, None, 7, "text", {"a": 1}],
}


@pytest.mark.parametrize(("field", "value"), [(name, value) for name, values in UNUSUAL.items() for value in values])
@pytest.mark.parametrize("text", [TEXT, MAYBE, RESOLVED])
@pytest.mark.parametrize("first", [0, 3])
async def test_an_unusual_value_in_a_list_of_many_or_few(field: str, value: Any, text: str, first: int):
    await answers(text, lambda: [THING(row) for row in many(**{field: value})[first:]])


def a_thing(**changes: Any) -> Thing:
    """An object of the type itself."""
    facts: dict[str, Any] = {"name": "t", "nick": None, "whole": 1, "real": 0.5, "flag": True, "size": Size.SMALL}
    facts |= {
        "maybe_size": None,
        "owner": Owner(name="o"),
        "keeper": None,
        "parts": [Part(name="p")],
        "box": None,
        "anyone": None,
    }
    return Thing(**(facts | changes))


class Raising:
    """A value that is an error as soon as somebody looks at it."""

    @property
    def holder(self) -> str:
        raise ValueError("no holder")

    def __getattr__(self, name: str) -> Any:
        return getattr(Source(), name)


@pytest.mark.parametrize(
    "things",
    [
        lambda: [a_thing(name=f"n{n}") for n in range(6)],
        lambda: [a_thing(whole=n) if n != 3 else a_thing(whole="x") for n in range(6)],
        lambda: [a_thing(), THING(Source()), Shouting(Source()), *[a_thing() for _ in range(5)]],
        lambda: [Shouting(Source()) for _ in range(6)],
        lambda: [*[THING(Source()) for _ in range(6)], Part(name="another type")],
        lambda: [a_thing(), None, *[a_thing() for _ in range(6)]],
        lambda: [*[a_thing() for _ in range(6)], ValueError("an item")],
        lambda: [THING(Source()) for _ in range(5)] + [THING(Raising()) for _ in range(2)],
        lambda: [a_thing(owner=Stranger(name="s")), *[a_thing() for _ in range(5)]],
        lambda: [*[a_thing() for _ in range(6)], strawberry.cast(Part, a_thing())],
        lambda: [*[a_thing() for _ in range(6)], a_thing(owner=strawberry.cast(Stranger, Owner(name="cast")))],
        lambda: [a_thing(keeper=Owner(name=f"{n}") if n % 2 else None, box=Part(name="b")) for n in range(8)],
        lambda: [a_thing(parts=[Part(name="x", whole=n) for n in range(n)]) for n in range(8)],
        lambda: [a_thing(anyone=Stranger(name="s") if n % 2 else Owner(name="o")) for n in range(8)],
        lambda: [a_thing(anyone=strawberry.cast(Stranger, Owner(name="cast")) if n == 4 else None) for n in range(8)],
        lambda: [a_thing(anyone=Part(name="no such type") if n == 4 else None) for n in range(8)],
        list,
    ],
)
@pytest.mark.parametrize("text", [TEXT, MAYBE, RESOLVED, "{ things { name } maybe { owner { name } } }"])
async def test_lists_of_other_and_mixed_objects(things: Callable[[], list[Any]], text: str):
    await answers(text, things)


async def test_an_awaitable_in_a_list_is_left_to_graphql_core():
    async def soon() -> str:
        return "later"

    await answers("{ things { name whole } }", lambda: [a_thing(name=soon() if n == 3 else "now") for n in range(7)])
    await asyncio.sleep(0)


async def test_values_of_enums_are_written_by_their_identity_or_as_graphql_core_writes_them():
    answer, _ = await answers("{ sizes }", list)
    assert answer == b'{"data":{"sizes":["SMALL",null,"LARGE","SMALL"]}}'


async def test_aliases_and_texts_of_clients_stay_text():
    text = "{ things { __class__: name __import__: nick exec: whole f_: flag None: real } }"
    answer, is_finished = await answers(text, lambda: [THING(row) for row in many(name='{__import__("os")}')])
    assert is_finished
    assert b'"__class__":"{__import__(\\"os\\")}"' in answer
