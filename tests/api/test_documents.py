"""GraphQL documents: what is too much is refused before it costs anything.

The worst of them would keep a machine busy for longer than any test may run, were their fragments written out.
"""

import pytest
from graphql import get_introspection_query, parse

from api.documents import Documents, chosen_operation
from api.errors import request_errors
from api.limits import problem_with
from api.plans import Plans
from api.schema import schema

DOCUMENTS = Documents(schema._schema)


def refusal(text: str) -> str:
    prepared = DOCUMENTS.prepare(text)
    return request_errors(prepared.errors, "a-request")[0]["message"] if prepared.errors else ""


def nested(levels: int) -> str:
    return "{ me { " + "verdicts { nodes { entries { verdict { id " * levels + "} } } }" * levels + " } }"


def bomb(fragments: int, body: str = "...F{0} ...F{0}") -> str:
    """Fragments that each spread the next one twice: each doubles the number of fields."""
    parts = [f"fragment F{n} on Member {{ {body.format(n + 1)} }}" for n in range(fragments)]
    return " ".join(["{ me { ...F0 } }", *parts, f"fragment F{fragments} on Member {{ id }}"])


def test_a_sound_document_is_prepared_once():
    text = "{ me { id } }"
    assert DOCUMENTS.prepare(text).errors == ()
    assert DOCUMENTS.prepare(text) is DOCUMENTS.prepare(text)


def test_few_documents_are_kept_and_broken_ones_never():
    documents = Documents(schema._schema, most=3)
    for number in range(10):
        documents.prepare(f"{{ a{number}: __typename }}")
        documents.prepare(f"{{ nothing{number} }}")
    assert len(documents._cached) == 3


def test_large_documents_push_out_more_than_one_so_that_all_together_stay_small():
    documents = Documents(schema._schema, most_tokens=5000)
    for number in range(30):
        documents.prepare(" ".join(f"query q{number}n{n} {{ me {{ id }} }}" for n in range(180)))
        tokens = sum(each.tokens for each in documents._cached.values())
        assert tokens <= 5000
    assert len(documents._cached) == 3
    documents.prepare("{ me { id } }")
    assert len(documents._cached) == 4


def test_introspection_as_tools_ask_for_it_is_answered():
    for optional in (True, False):
        text = get_introspection_query(specified_by_url=optional, input_value_deprecation=optional)
        assert refusal(text) == ""


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (nested(4), "levels deep"),
        (bomb(20), "3000 fields"),
        (bomb(60), "3000 fields"),
        ("{ " + " ".join(f"a{n}: me {{ id }}" for n in range(101)) + " }", "aliases"),
        ("{ " + "me { balance { available } } " * 21 + "}", "more than 20 times"),
        ("{ " + "me { id } " * 5 + "me { " + "id " * 16 + "} }", "more than 20 times"),
        ("{ me { " + "id " * 31 + "} }", "more than 20 times"),
        ("{ " + "me { id } " * 31 + "}", "more than 20 times"),
        ("{ " + "__typename " * 2001 + "}", "2000 tokens"),
        ("{ __typename }" + "\r\n" * 20_000, "32768 characters"),
        ("{ __typename } #" + "x" * 40_000, "32768 characters"),
        ("{ " + "me { " * 900 + "}" * 901, "deep"),
        ("{ " + "me { " * 60 + "id " + "}" * 61, "levels deep"),
        ("", "Unexpected <EOF>"),
        ("{", "Expected Name"),
        ("{ nothing }", "Cannot query field"),
        ("{ me { ...Missing } }", "Unknown fragment"),
        ("{ me { ...A } } fragment A on Member { ...A }", "itself"),
        ('{ node(id: "a\\u0000b") { id } }', "NUL"),
        ('{ me { pointsHistory(after: "\\u0000") { nodes { id } } } }', "NUL"),
        ("mutation { earnPoints(input: {activity: {}}, idempotencyKey: \"k\") { __typename } }", "ctivityInput"),
        ("{ member(miId: 1.5) { id } }", "ID cannot represent"),
        ("{ terms(market: \"es\") { version } }", "Market cannot represent"),
        ("{ terms(market: \"ES\", on: \"2026-02-30\") { version } }", "Date cannot represent"),
    ],
    ids=lambda value: value[:40],
)  # fmt: skip
def test_what_is_wrong_or_too_much_is_refused_with_a_sentence(text: str, word: str):
    assert word in refusal(text)


@pytest.mark.parametrize(
    "place",
    [
        "me { coupons(first: %s) { nodes { id } } }",
        "rewards(market: %s) { id }",
        'terms(market: "ES", on: %s) { version }',
        "webhookDeliveries(states: [%s]) { nodes { id } }",
        "webhookDeliveries(state: %s) { nodes { id } }",
    ],
)
@pytest.mark.parametrize("number", ["9" * 5000, "-" + "9" * 5000, "9" * 5000 + ".5", "1e" + "9" * 5000])
def test_a_number_too_long_to_be_read_is_refused_in_graphqls_words(place: str, number: str):
    sentence = refusal("{ " + place % number + " }")
    assert sentence
    for word in ("digits", "sys.", "limit", "Python", "encountered"):
        assert word not in sentence


def test_a_chain_of_fragments_longer_than_the_interpreter_can_follow_is_no_crash():
    prepared = DOCUMENTS.prepare(bomb(240, "...F{0}"))
    assert prepared.document is not None or prepared.errors


@pytest.mark.parametrize("outer", [4, 20])
def test_the_worst_document_within_the_limits_is_prepared(outer: int):
    """Equal fields with equal fields inside: each pair has to be compared."""
    inner = " ".join(["nodes { id kind points }"] * (20 // outer))
    places = " ".join(f"a{n}: pointsHistory {{ {inner} }}" for n in range(40 // outer))
    text = "{ " + f"me {{ {places} }} " * outer + "}"
    assert DOCUMENTS.prepare(text).errors == ()


def test_the_size_of_a_fragment_is_found_once_however_often_it_is_spread():
    assert problem_with(parse(bomb(200))) is not None


def test_the_operation_is_the_only_one_or_the_one_that_is_named():
    document = parse("query a { me { id } } mutation b { __typename }")
    assert chosen_operation(document, "b").operation.value == "mutation"
    assert "several" in chosen_operation(document, None).message
    assert "no operation of the name" in chosen_operation(document, "c").message
    assert "no operation." in chosen_operation(parse("fragment F on Member { id }"), None).message


def test_documents_are_compiled_at_their_third_request_and_their_plans_are_counted():
    documents, plans, text = Documents(schema._schema), Plans(schema), "{ me { id balance { available } } }"
    made = []
    for _ in range(4):
        prepared = documents.prepare(text)
        operation = chosen_operation(prepared.document, None)
        made.append(plans.plan_of(prepared, operation))
    assert made[:2] == [None, None]
    assert made[2] is not None
    assert made[3] is made[2]
    assert documents._tokens == prepared.tokens > prepared.document.token_count


def test_trusted_documents_are_compiled_at_their_first_request():
    documents, plans = Documents(schema._schema), Plans(schema)
    prepared = documents.pin("{ me { id } }")
    assert plans.plan_of(prepared, chosen_operation(prepared.document, None)) is not None
    assert documents._tokens == 0


def test_plans_push_out_documents_when_they_grow():
    documents, plans = Documents(schema._schema, most_tokens=1_000), Plans(schema, after=1)
    for number in range(20):
        for _ in range(2):
            prepared = documents.prepare(f"{{ a{number}: me {{ id miId market state joinedAt }} }}")
            plans.plan_of(prepared, chosen_operation(prepared.document, None))
    assert documents._tokens == sum(each.state.counted_tokens for each in documents._cached.values()) <= 1_000
    assert len(documents._cached) > 5
