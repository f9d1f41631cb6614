"""Our own schema over a real database: generated operations give the same bytes by plans and by graphql-core."""

import re
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

from graphql import (
    ArgumentNode,
    FieldNode,
    GraphQLField,
    ObjectFieldNode,
    StringValueNode,
    Visitor,
    parse,
    print_ast,
    visit,
)
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import mutations, queries

from api.app import admission_of
from api.context import Requester
from api.documents import Documents
from api.payers import Payer
from api.persisted import Persisted
from api.plans import Plans
from api.problems import Problem
from api.requests import OperationRequest
from api.runner import NotRun, Ready, Runner
from api.schema import schema
from api.schema.root_fields import PERMISSION, declared
from api.written import sent
from loyalty.callers import Caller
from loyalty.programme.programme import Programme
from tests.api.root_fields import root_fields
from tests.compiled.spicing import Spiced, spiced
from tests.support.hostile.graphql_values import ADDRESSES, DATES, INSTANTS, MARKETS
from tests.support.stage import Stage

CORE = schema._schema
_MEMBER, _OPERATOR = Caller("mi-1"), Caller("op-1", frozenset({"operator", "storefront"}), is_service=True)
_PASSING = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d)")
"""Moments with a fraction: those that something happened at, and now."""
_TEXTS_OF_SCALARS = {"Market": MARKETS, "Date": DATES, "DateTime": INSTANTS, "URL": ADDRESSES}
_SCALAR_TEXTS = {text for texts in _TEXTS_OF_SCALARS.values() for text in texts}
_SCALARS = {
    name: st.sampled_from(values).map(lambda text: StringValueNode(value=text))
    for name, values in _TEXTS_OF_SCALARS.items()
}


def generated(strategy: Any, count: int, caller: Caller | None = None) -> list[str]:
    """So many operations; of a caller only of root fields that it may use."""
    texts: list[str] = []
    fields = None if caller is None else fields_of(caller)

    @settings(
        max_examples=count, phases=[Phase.generate], database=None, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(strategy(CORE, custom_scalars=_SCALARS, allow_x00=False, fields=fields))
    def collect(text: str) -> None:
        texts.append(text)

    collect()
    return texts


def fields_of(caller: Caller) -> list[str]:
    """The root fields of queries that a caller may use. Whether `node` is one of them depends on its id."""
    permitted = [name for kind, name, field in root_fields() if kind == "query" and is_permitted(field, caller)]
    return [name for name in permitted if name != "node" or caller.name]


def is_permitted(field: GraphQLField, caller: Caller) -> bool:
    """Whether a caller may use a field at all."""
    try:
        declared(field)[PERMISSION].check(caller)
    except Problem:
        return False
    return True


class Aimed(Visitor):
    """Values that name what there is, most of the time, texts that may be sent, and pages that can be had."""

    def __init__(self, chosen: Random, known: dict[str, Sequence[str]], caller: Caller) -> None:
        super().__init__()
        self.chosen, self.known = chosen, known
        self.left_out = PAGING | {"miId"} if caller.is_member else PAGING

    def leave_argument(self, node: ArgumentNode, *_: Any) -> Any:
        """An argument."""
        return self.aimed(node)

    def leave_object_field(self, node: ObjectFieldNode, *_: Any) -> Any:
        """A member of an input."""
        return self.aimed(node)

    def leave_field(self, node: FieldNode, *_: Any) -> Any:
        """Half of what can be wrong with pages, and what a member need not say, is left out."""
        arguments = node.arguments or ()
        kept = [each for each in arguments if each.name.value not in self.left_out or not self.chosen.randrange(8)]
        return replace(node, arguments=tuple(kept))

    def aimed(self, node: Any) -> Any:
        """The same with another value, or nothing. Scalars that are texts have values of their own already."""
        if not isinstance(node.value, StringValueNode) or node.value.value in _SCALAR_TEXTS:
            return None
        if not self.chosen.randrange(12):
            return None
        texts = self.known.get(node.name.value, TEXTS)
        return replace(node, value=StringValueNode(value=self.chosen.choice(texts)))


ADJUST = """mutation {
  adjustPoints(miId: "mi-1", points: 5000, reason: "a test", idempotencyKey: "a") { __typename } }"""
PAGING = {"first", "last", "before", "after", "since", "until"}
TEXTS = ("a text", "línea \u00e9 \U0001f680")


def aimed(text: str, seed: int, known: dict[str, Sequence[str]], caller: Caller) -> Spiced:
    """The operation about real things, spiced. A few are invalid by that; preparing them finds it."""
    return spiced(CORE, print_ast(visit(parse(text), Aimed(Random(seed), known, caller))), seed)


async def names_of_rows(stage: Stage) -> dict[str, Sequence[str]]:
    """A member with history, coupons, an order and promises; the names of all that."""
    await stage.register()
    await stage.advance(minutes=10)
    await stage.order("o-1", [("l-1", 2, 19900)], parcels={"t-1": {"l-1": 2}})
    await stage.delivered("o-1", "t-1")
    await stage.advance(days=20)
    await stage.earn({"linkShare": {"productId": "mi-band-9"}})
    await stage.ask(ADJUST, token=stage.token(scope="operator", name="op-1"))
    coupon = (await stage.redeem())["coupon"]["id"]
    me = await stage.app(
        "mi-1", "{ me { id pointsHistory { nodes { id verdict { id } } } pendingPoints { nodes { id } } } }"
    )
    rewards = [each["id"] for each in (await stage.ask('{ rewards(market: "ES") { id } }'))["rewards"]]
    entries = me["pointsHistory"]["nodes"]
    pending = [each["id"] for each in me["pendingPoints"]["nodes"]]
    verdicts = [each["verdict"]["id"] for each in entries if each["verdict"]]
    ids = [coupon, me["id"], *[each["id"] for each in entries], *pending, *verdicts, *rewards]
    return {"id": ids, "miId": ["mi-1"], "number": ["o-1"], "rewardId": rewards, "couponId": [coupon]}


async def _nobody(*_: object) -> None:
    """Wakes nobody."""


class BothWays:
    """One runner of the stage's programme, asked with a plan and without."""

    def __init__(self, stage: Stage, programme: Programme) -> None:
        documents, admission = Documents(CORE), admission_of(stage.settings, None)
        self.runner = Runner(
            schema, documents, Persisted(), programme, _nobody, stage.changes, admission, 30, Plans(schema, after=0)
        )
        self.planned = self.completed = self.asked = 0

    async def check(self, asked: Spiced, caller: Caller, language: str) -> None:
        """The bodies are the same, but for moments that pass. Each operation has a budget of its own: a shared one
        would refuse most, and the more, the faster the machine is."""
        self.asked += 1
        asker = Requester(caller, language, "a-request", Payer("member", f"{self.asked}"), is_helped=True)
        try:
            ready = await self.runner.prepare(
                OperationRequest(print_ast(asked.document), variables=asked.variables), asker
            )
        except NotRun:
            return
        if ready.plan is None:
            return
        by_core = replace(ready, plan=None)
        if ready.kind == "mutation":
            await self.body(by_core, asker)  # it is done now; what follows are its first answers again
        expected, text = await self.body(by_core, asker), await self.body(ready, asker)
        place = next((n for n, (a, b) in enumerate(zip(text, expected, strict=False)) if a != b), 0)
        assert text == expected, (text[max(place - 300, 0) : place + 80], print_ast(asked.document))

    async def body(self, ready: Ready, asker: Requester) -> bytes:
        """An answer's."""
        answered = await self.runner.run(ready, asker)
        is_planned = type(answered.body.get("data")) is not dict and "errors" not in answered.body
        self.planned += is_planned
        self.completed += not is_planned and ready.plan is not None
        return _PASSING.sub(b"a moment", sent(answered.body))


_DRAWS = 4
"""Operations are drawn at random; where one draw has too few that reach a plan, another is compared as well."""


async def test_generated_queries_of_members_and_operators(stage: Stage, programme: Programme):
    known, both = await names_of_rows(stage), BothWays(stage, programme)
    for _ in range(_DRAWS):
        everybodys = generated(queries, 90)
        for caller, language in ((_MEMBER, "es"), (_OPERATOR, "en"), (Caller(), "de")):
            for seed, text in enumerate([*everybodys, *generated(queries, 35, caller)]):
                await both.check(aimed(text, seed + len(language), known, caller), caller, language)
        if both.planned > 100 and both.completed > 100:
            break
    assert both.planned > 100
    assert both.completed > 100


async def test_generated_mutations_give_their_first_answer_again(stage: Stage, programme: Programme):
    known, both = await names_of_rows(stage), BothWays(stage, programme)
    for draw in range(_DRAWS):
        for seed, text in enumerate(generated(mutations, 90)):
            keys = {"idempotencyKey": [f"key-{draw}-{seed}-{n}" for n in range(20)]}
            for caller in (_MEMBER, _OPERATOR):
                await both.check(aimed(text, seed, known | keys, caller), caller, "en")
        if both.planned > 30:
            break
    assert both.planned > 30
