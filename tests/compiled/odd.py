"""A schema with every kind of value in every kind of position, each of which may be wrong. A seed decides
everything, so that two executions of one operation get the same values."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, NewType
from zlib import crc32

import strawberry
from graphql import GraphQLError
from strawberry.extensions import FieldExtension
from strawberry.permission import BasePermission
from strawberry.schema.config import StrawberryConfig

from api.compiled.replaying import ReplayingExecutor

Cents = NewType("Cents", str)


@dataclass
class World:
    """One execution's surroundings: how odd it is, from 0 to 100, and which resolvers were called."""

    seed: int
    oddity: int
    calls: list[str] = field(default_factory=list)


class Colour(Enum):
    RED = "red"
    GREEN = "green"


COLOUR = strawberry.enum(Colour)
TEXTS = ["", "plain", 'quo"te\\', "é😀\u2028\x1f", "\ud800 half", "</script>%s%%"]
ODD: dict[str, list[Any]] = {
    "text": [7, True, 1.5, None, b"x", ["x"], Decimal("1.50"), ValueError("returned")],
    "whole": ["12", 2**31, -(2**31) - 1, 3.0, 3.5, True, None, Decimal(4), float("nan"), KeyError("returned")],
    "real": [float("inf"), "1.5", 2, True, None, Decimal("0.1"), 10**400],
    "flag": [0, 1.0, "x", None, [], GraphQLError("returned")],
    "key": [5, 1.5, None, True, object],
    "colour": ["red", "RED", "blue", None, 3],
    "cents": [None, 5, "bad", "none"],
}
USUAL: dict[str, list[Any]] = {
    "text": TEXTS,
    "whole": [0, -1, 2**31 - 1, -(2**31), 41],
    "real": [0.0, -1.5, 1e300, 1e-7, 3.0],
    "flag": [True, False],
    "key": ["a", "ä"],
    "colour": [Colour.RED, Colour.GREEN],
    "cents": ["12", "999"],
}


class Chosen:
    """Numbers by chance, by a rule that starts at once: `random.Random` starts slower than a field answers."""

    def __init__(self, number: int) -> None:
        self._number = number

    def randrange(self, most: int) -> int:
        """A number from 0 up to `most`, which is left out."""
        self._number = (self._number * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self._number >> 33) % most

    def choice(self, values: Sequence[Any]) -> Any:
        """One of the values."""
        return values[self.randrange(len(values))]


def rng(*facts: Any) -> Chosen:
    """A generator with the same numbers for the same facts, in every process."""
    return Chosen(crc32(repr(facts).encode("utf-8", "replace")))


@dataclass
class Chance:
    """Chooses the values of an object's fields."""

    seed: int
    oddity: int

    def value(self, kind: str, name: str) -> Any:
        """A value of a kind, odd as often as the world is."""
        chosen = rng(self.seed, name)
        return chosen.choice(ODD[kind] if chosen.randrange(100) < self.oddity else USUAL[kind])

    def maybe(self, kind: str, name: str) -> Any:
        """The same, or None."""
        return None if rng(self.seed, name, "null").randrange(3) == 0 else self.value(kind, name)

    def is_odd(self, name: str) -> bool:
        """Whether something goes wrong here."""
        return rng(self.seed, name, "odd").randrange(100) < self.oddity

    def below(self, name: str) -> "Chance":
        """The chance of the object in a field."""
        return Chance(crc32(repr((self.seed, name)).encode()), self.oddity)

    def raises(self, name: str) -> None:
        """Raises an error if one is due here."""
        if self.is_odd(f"{name} raises"):
            raise rng(self.seed, name).choice([ValueError, GraphQLError])(f"{name} went wrong")


def write_cents(value: Any) -> Any:
    """A scalar that is written as an object, as null, or not at all."""
    if value == "bad":
        raise ValueError("bad cents")
    return None if value == "none" else {"cents": value, "é": [1, 2.5, None]}


class Loud(FieldExtension):
    """An extension around a field."""

    async def resolve_async(self, next_: Any, source: Any, info: strawberry.Info, **kwargs: Any) -> Any:
        """Records that it was called."""
        info.context.calls.append(f"loud {info.field_name}")
        return await next_(source, info, **kwargs)


class Never(BasePermission):
    message = "never"

    def has_permission(self, source: Any, info: strawberry.Info, **kwargs: Any) -> bool:
        """By chance."""
        return not source.chance.is_odd("permission")


@strawberry.interface
class Named:
    name: str
    nick: str | None


@strawberry.type
class Leaf(Named):
    chance: strawberry.Private[Chance]
    key: strawberry.ID
    whole: int
    real: float | None
    flag: bool
    colour: COLOUR
    hue: COLOUR | None
    cents: Cents
    spare: Cents | None
    texts: list[str]
    grid: list[list[int | None]] | None


@strawberry.input
class Wish:
    text: str = "wish"
    counts: list[int] | None = None
    colour: COLOUR | None = None
    inner: "Wish | None" = None


def shown(value: Any) -> str:
    """An argument as it arrived."""
    return repr(value)


@strawberry.type
class Twig(Named):
    chance: strawberry.Private[Chance]
    leaf: Leaf
    maybe_leaf: Leaf | None
    leaves: list[Leaf]

    @strawberry.field
    def here(self, info: strawberry.Info) -> str:
        return f"{info.path.as_list()} {info.field_name} {info._raw_info.parent_type} {info.python_name}"

    @strawberry.field
    def selected(self, info: strawberry.Info, depth: int = 3) -> list[str]:
        return [each.name for each in info.selected_fields] + [shown(info.variable_values), shown(depth)]

    @strawberry.field
    def at_once(self) -> str | None:
        self.chance.raises("at_once")
        return self.chance.maybe("text", "at_once")

    @strawberry.field
    async def later(self, info: strawberry.Info, turns: int = 1) -> int:
        return await wait_for(self.chance, "later", info, "whole")

    @strawberry.field
    async def maybe_later(self, info: strawberry.Info) -> int | None:
        return await wait_for(self.chance, "maybe_later", info, "whole")

    @strawberry.field(permission_classes=[Never])
    def guarded(self) -> str | None:
        return "guarded"

    @strawberry.field(extensions=[Loud()])
    async def loud(self, info: strawberry.Info, wish: Wish | None = None) -> str | None:
        self.chance.raises("loud")
        return shown(wish)

    @strawberry.field
    async def branch(self, info: strawberry.Info) -> "Branch":
        await pause(self.chance, "branch")
        self.chance.raises("branch")
        return branch(self.chance.below("branch"))

    @strawberry.field
    def maybe_branch(self) -> "Branch | None":
        self.chance.raises("maybe_branch")
        return None if self.chance.is_odd("no branch") else branch(self.chance.below("maybe_branch"))


async def wait_for(chance: Chance, name: str, info: strawberry.Info, kind: str) -> Any:
    """A value after some turns of the loop."""
    info.context.calls.append(name)
    await pause(chance, name)
    chance.raises(name)
    return chance.value(kind, name)


async def pause(chance: "Chance", name: str) -> None:
    """Waits a while, or not at all."""
    chosen = rng(chance.seed, name, "pause")
    if chosen.randrange(3):
        await asyncio.sleep(chosen.randrange(1000) / 1000)


Any_ = Annotated[Leaf | Twig, strawberry.union("Any_")]


@strawberry.type
class Branch:
    chance: strawberry.Private[Chance]
    either: Any_
    named: Named | None
    several: list[Any_]

    @strawberry.field
    async def twigs(self, info: strawberry.Info, first: int = 2) -> list[Twig]:
        await pause(self.chance, "twigs")
        self.chance.raises("twigs")
        return [twig(self.chance.below(f"twigs {n}")) for n in range(min(max(first, 0), 4))]

    @strawberry.field
    def maybe_twigs(self) -> list[Twig | None] | None:
        made = [twig(self.chance.below(f"maybe {n}")) for n in range(3)]
        odd: list[Callable[[], Any]] = [
            lambda: iter(made), set, lambda: {"a": 1}, lambda: "text", lambda: (made[0], None),
            lambda: [made[0], ValueError("an item"), None], lambda: [soon(made[0]), made[1]], lambda: made[0],
            lambda: None, lambda: [made[0], 5],
        ]  # fmt: skip
        return rng(self.chance.seed, "form").choice(odd)() if self.chance.is_odd("form") else [made[0], None, made[2]]

    @strawberry.field
    def echo(
        self, text: str = "t", counts: list[int] | None = None, wish: Wish | None = None, colour: COLOUR | None = None,
        cents: Cents | None = None, key: strawberry.ID | None = strawberry.UNSET,
    ) -> str:  # fmt: skip
        return shown((text, counts, wish, colour, cents, key))

    @strawberry.field
    async def anything(self, info: strawberry.Info) -> Any_ | None:
        info.context.calls.append("anything")
        self.chance.raises("anything")
        return either(self.chance.below("anything"))


async def soon(value: Any) -> Any:
    """A value that has to be awaited."""
    return value


def leaf(chance: Chance) -> Leaf:
    """A leaf by chance."""
    value, maybe = chance.value, chance.maybe
    return Leaf(
        chance=chance, name=value("text", "name"), nick=maybe("text", "nick"), key=value("key", "key"),
        whole=value("whole", "whole"), real=maybe("real", "real"), flag=value("flag", "flag"),
        colour=value("colour", "colour"), hue=maybe("colour", "hue"), cents=value("cents", "cents"),
        spare=maybe("cents", "spare"), texts=[value("text", f"texts {n}") for n in range(2)],
        grid=[[maybe("whole", "a"), value("whole", "b")], [], (1,)],
    )  # fmt: skip


def twig(chance: Chance) -> Twig:
    """A twig by chance."""
    return Twig(
        chance=chance, name=chance.value("text", "name"), nick=chance.maybe("text", "nick"),
        leaf=None if chance.is_odd("leaf") else leaf(chance.below("leaf")),
        maybe_leaf=None if rng(chance.seed, "leaf").randrange(2) else leaf(chance.below("maybe_leaf")),
        leaves=tuple(leaf(chance.below(f"leaves {n}")) for n in range(2)),
    )  # fmt: skip


def either(chance: Chance) -> Any:
    """One of the union, or something that is not."""
    if chance.is_odd("either"):
        return rng(chance.seed, "what").choice([None, 5, Branch, branch(chance), ValueError("an object"), soon(None)])
    return leaf(chance) if chance.seed % 2 else twig(chance)


def branch(chance: Chance) -> Branch:
    """A branch by chance, with half the oddity inside."""
    calm = Chance(chance.seed, chance.oddity // 2)
    return Branch(
        chance=chance, either=leaf(calm.below("either")) if chance.seed % 3 else twig(calm.below("either")),
        named=rng(chance.seed, "named").choice([None, leaf(calm.below("n")), twig(calm.below("n"))]),
        several=[leaf(calm.below("s1")), twig(calm.below("s2"))],
    )  # fmt: skip


def start(info: strawberry.Info, name: str) -> Chance:
    """The chance of a field at the root; the call is counted."""
    info.context.calls.append(f"root {name}")
    return Chance(crc32(repr((info.context.seed, name)).encode()), info.context.oddity)


@strawberry.type
class Query:
    @strawberry.field
    async def branch(self, info: strawberry.Info, of: int = 0) -> Branch | None:
        chance = start(info, f"branch {of}")
        await pause(chance, "branch")
        chance.raises("branch")
        return branch(chance)

    @strawberry.field
    def twig(self, info: strawberry.Info) -> Twig:
        return twig(start(info, "twig"))

    @strawberry.field
    def leaves(self, info: strawberry.Info, count: int = 2) -> list[Leaf] | None:
        chance = start(info, "leaves")
        return [leaf(chance.below(f"{n}")) for n in range(min(max(count, 0), 5))]

    @strawberry.field
    def whole(self, info: strawberry.Info) -> int | None:
        chance = start(info, "whole")
        chance.raises("whole")
        return chance.value("whole", "whole")


@strawberry.type
class Mutation:
    @strawberry.mutation(extensions=[Loud()])
    async def grow(self, info: strawberry.Info, wish: Wish) -> Branch | None:
        chance = start(info, f"grow {wish.text}")
        await pause(chance, "grow")
        chance.raises("grow")
        return branch(chance)

    @strawberry.mutation
    def cut(self, info: strawberry.Info, text: str = "x") -> Any_ | None:
        chance = start(info, f"cut {text}")
        chance.raises("cut")
        return either(chance)

    @strawberry.mutation
    async def count(self, info: strawberry.Info, by: int = 1) -> int:
        chance = start(info, f"count {by}")
        await pause(chance, "count")
        chance.raises("count")
        return chance.value("whole", "count")


SCHEMA = strawberry.Schema(
    Query,
    Mutation,
    execution_context_class=ReplayingExecutor,
    config=StrawberryConfig(
        scalar_map={Cents: strawberry.scalar(name="Cents", serialize=write_cents, parse_value=lambda value: value)}
    ),
)
