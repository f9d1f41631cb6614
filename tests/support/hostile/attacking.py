"""Attacks on a GraphQL server: all of graphql-armor's, and attacks against weaknesses of limiters themselves."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

BAD, LIMITED, FORBIDDEN = "BAD_USER_INPUT", "LIMITED", "FORBIDDEN"
_WRONG = {"s": ["X"] * 30_000}
_REPLAY = 'replayWebhook(id: "x", idempotencyKey: "k") {{ __typename }}'
_PAGES = "verdicts(first: 100) { nodes { entries { verdict { entries { id } } } } }"


@dataclass(frozen=True, slots=True)
class Attack:
    """A request, and the status and code with which a server in production must refuse it. `of` is graphql-armor's name
    for the attack."""

    of: str
    name: str
    body: bytes
    code: str = LIMITED
    status: int = 400

    def varied(self, number: int) -> bytes:
        """Returns the same request with a comment, so that the server has no prepared document for it."""
        return self.body.replace(b'"query": "', b'"query": "#%d\\n' % number, 1)


def document(query: str, **more: Any) -> bytes:
    """Returns the body of a request with one document."""
    return json.dumps({"query": query} | more).encode()


def spread_twice(fragments: int, inside: str = "id", each: str = "...F{0} ...F{0}") -> str:
    """Returns fragments that each spread the next one twice: 2^n fields when they are expanded."""
    parts = [f"fragment F{n} on Member {{ {each.format(n + 1)} }}" for n in range(fragments)]
    return " ".join(["{ me { ...F0 } }", *parts, f"fragment F{fragments} on Member {{ {inside} }}"])


def in_circles(fragments: int) -> str:
    """Returns fragments whose last one spreads the first one."""
    parts = [f"fragment F{n} on Member {{ ...F{(n + 1) % fragments} }}" for n in range(fragments)]
    return " ".join(["{ me { ...F0 } }", *parts])


def in_a_row(fragments: int) -> str:
    """Returns fragments that each spread the next one: deep without nested braces."""
    parts = [f"fragment F{n} on Verdict {{ entries {{ verdict {{ ...F{n + 1} }} }} }}" for n in range(fragments)]
    head = "{ me { verdicts { nodes { ...F0 } } } }"
    return " ".join([head, *parts, f"fragment F{fragments} on Verdict {{ id }}"])


def nested(levels: int) -> str:
    """Returns so many levels of nested selections."""
    return "{ me { " + "verdicts { nodes { entries { verdict { id " * levels + "} } } }" * levels + " } }"


def twice_at_each_level(levels: int) -> str:
    """Returns the same field twice at each level: a validator that compares all pairs compares 2^n."""
    text = "id"
    for _ in range(levels):
        text = f"entries {{ verdict {{ {text} }} }} entries {{ verdict {{ {text} }} }}"
    return f"{{ me {{ verdicts {{ nodes {{ {text} }} }} }} }}"


def _many(count: int, text: str) -> str:
    return " ".join(text.format(n) for n in range(count))


ATTACKS: Sequence[Attack] = (
    Attack("max-aliases", "1,000 aliases", document("{ " + _many(1000, "a{0}: me {{ id }}") + " }")),
    Attack("max-aliases", "101 aliases of a mutation", document("mutation { " + _many(101, "a{0}: " + _REPLAY) + " }")),
    Attack("max-aliases", "aliases in 2^40 fragments", document(spread_twice(40, each="a{0}: id ...F{0} ...F{0}"))),
    Attack("max-depth", "16 levels", document(nested(4))),
    Attack("max-depth", "380 levels", document(nested(95))),
    Attack("max-depth", "2^40 fragments", document(spread_twice(40))),
    Attack("max-depth", "2^150 fragments", document(spread_twice(150))),
    Attack("max-depth", "100 fragments in a row", document(in_a_row(100))),
    Attack("max-depth", "150 fragments in a circle", document(in_circles(150)), BAD),
    Attack("max-depth", "braces, 100,000 deep", document("{" * 100_000)),
    Attack("max-depth", "inline fragments, 300 deep", document("{ me { " + "... { " * 300 + "id" + " }" * 302)),
    Attack("max-depth", "a value, 900 deep", document('{ node(id: ' + "[" * 900 + "]" * 900 + ") { id } }")),
    Attack("max-tokens", "20,000 tokens", document("{ " + "__typename " * 20_000 + "}")),
    Attack("max-tokens", "a list of 20,000", document("{ me { coupons(states: [" + "USED " * 20_000 + "]) { x } } }")),
    Attack("max-directives", "900 on one field", document("{ me { id " + "@include(if: true) " * 900 + "} }")),
    Attack("max-directives", "200 on one field", document("{ me { id " + "@include(if: true) " * 200 + "} }"), BAD),
    Attack("max-directives", "900 unknown", document("{ me { id " + "@a " * 900 + "} }"), BAD),
    Attack("cost-limit", "pages in lists", document("{ me { " + _PAGES + " } }")),
    Attack(
        "cost-limit", "the page in a variable",
        document("query($n: Int) { me { " + _PAGES.replace("100", "$n") + " } }", variables={"n": 100}),
    ),
    Attack("cost-limit", "exports by aliases", document("{ " + _many(51, "a{0}: exportMember") + " }")),
    Attack("cost-limit", "512 lists in 9 fragments", document(spread_twice(9, "waysToEarn { points }"))),
    Attack("character-limit", "300,000 characters", document("{ me { id } } #" + "x" * 300_000), LIMITED, 413),
    Attack("batch", "6 operations", json.dumps([{"query": "{ me { id } }"}] * 6).encode()),
    Attack("batch", "100,000 operations", json.dumps([{"query": "{me{id}}"}] * 100_000).encode(), LIMITED, 413),
    Attack("block-field-suggestions", "a slip", document("{ me { balanse { debt } } }"), BAD),
    Attack("block-field-suggestions", "600 guesses", document("{ " + _many(600, "guess{0}") + " }"), BAD),
    Attack("introspection", "the schema", document("{ __schema { types { name fields { name } } } }"), FORBIDDEN, 403),
    Attack(
        "introspection", "in a fragment",
        document('{ ...F } fragment F on Query { t: __type(name: "Member") { name } }'), FORBIDDEN, 403,
    ),
    Attack("validation", "400 times the same field", document("{ me { " + "balance { debt } " * 400 + "} }")),
    Attack("validation", "twice at each of 5 levels", document(twice_at_each_level(5))),
    Attack("validation", "180 operations", document(_many(180, "query q{0} {{ me {{ id }} }}")), BAD),
    Attack("validation", "300 variables", document("query(" + _many(300, "$v{0}: Int") + ") { me { id } }"), BAD),
    Attack("request", "JSON, 50,000 deep", b'{"query": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"),
    Attack(
        "request", "30,000 values that are wrong",
        document("query($s: [CouponState!]) { me { coupons(states: $s) { edges { cursor } } } }", variables=_WRONG),
    ),
)  # fmt: skip
