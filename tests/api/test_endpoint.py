"""The endpoints with a database that does not answer: every request gets a well-formed answer."""

import gzip
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from loyalty.tokens import issue
from tests.api.away import MEMBER, SETTINGS, TYPENAME, code_of
from tests.support.stage import signed


async def test_a_query_is_answered_in_the_accepted_media_type(http: httpx.AsyncClient):
    plain = await http.post("/graphql", json=TYPENAME)
    own = await http.post("/graphql", json=TYPENAME, headers={"accept": "application/graphql-response+json"})
    assert plain.json()["data"] == own.json()["data"] == {"__typename": "Query"}
    assert plain.headers["content-type"].startswith("application/json")
    assert own.headers["content-type"].startswith("application/graphql-response+json")


@pytest.mark.parametrize(("accept", "status"), [("application/json", 200), ("application/graphql-response+json", 400)])
async def test_a_request_that_ran_nothing_has_no_data(http: httpx.AsyncClient, accept: str, status: int):
    for query in ("{", "{ nothing }", "query a { me { id } } query b { me { id } }"):
        answer = await http.post("/graphql", json={"query": query}, headers={"accept": accept})
        assert answer.status_code == status
        assert "data" not in answer.json()
        assert code_of(answer) == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"7", b'"x"', b"[]", b"{}", b"{", b"NaN", b'{"query": NaN}', b"\xff", b"[" * 10_000,
     b'{"a":' * 3000, b"9" * 10_000, b'{"query":null}', b'{"query":["{ me { id } }"]}', b'{"query":""}',
     b'{"query":"{ __typename }","variables":7}', b'{"query":"{ __typename }","operationName":7}',
     b'{"query":"{ __typename }","extensions":[]}', b'{"query":"{ __typename }","variables":{"a":"\\u0000"}}',
     b'{"query":"{ __typename }","variables":{"a":["\\ud800"]}}', b'{"query":"{ __typename } # \\ud800"}',
     b'{"query":"{ __typename }","variables":{"a":' + b"[" * 200 + b"]" * 200 + b"}}"],
    ids=lambda body: repr(body[:50]),
)  # fmt: skip
async def test_a_body_that_is_no_request_is_400_with_the_reason(http: httpx.AsyncClient, body: bytes):
    answer = await http.post("/graphql", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert code_of(answer) == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "application/jsonp"]
)
async def test_another_content_type_is_415(http: httpx.AsyncClient, kind: str):
    answer = await http.post("/graphql", content=json.dumps(TYPENAME), headers={"content-type": kind})
    assert answer.status_code == 415
    assert code_of(answer) == "BAD_USER_INPUT"


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "deflate", "br", "identity, gzip"])
async def test_a_body_that_is_packed_is_415_and_is_never_unpacked(http: httpx.AsyncClient, coding: str):
    headers = {"content-type": "application/json", "content-encoding": coding}
    for body in (gzip.compress(b" " * 1_000_000), json.dumps(TYPENAME).encode()):
        answer = await http.post("/graphql", content=body, headers=headers)
        assert answer.status_code == 415
        assert answer.headers["accept-encoding"] == "identity"
        assert code_of(answer) == "BAD_USER_INPUT"
    plain = await http.post("/graphql", json=TYPENAME, headers={"content-encoding": "identity"})
    assert plain.status_code == 200


WIDE = {f"a{n}": {} for n in range(201)}


@pytest.mark.parametrize("variables", [WIDE, {"input": {"activity": WIDE}}, {"input": [[{"a": [WIDE]}]]}], ids=range(3))
async def test_an_object_that_no_input_could_be_is_limited_before_its_members_are_compared(
    http: httpx.AsyncClient, variables: dict[str, object]
):
    """Each unknown member would be an error that shows the whole object: a second's work for 250 KB of them."""
    for body in (TYPENAME | {"variables": variables}, [TYPENAME | {"variables": variables}]):
        answer = await http.post("/graphql", json=body)
        refused = answer.json()[0] if isinstance(body, list) else answer.json()
        assert refused["errors"][0]["extensions"]["code"] == "LIMITED"
        assert "200 members" in refused["errors"][0]["message"]
    narrow = {"input": dict(list(WIDE.items())[:200])}
    assert "data" in (await http.post("/graphql", json=TYPENAME | {"variables": narrow})).json()


async def test_json_with_a_charset_is_json(http: httpx.AsyncClient):
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    assert (await http.post("/graphql", content=json.dumps(TYPENAME), headers=headers)).status_code == 200


@pytest.mark.parametrize("path", ["/graphql", "/webhooks/native/ping"])
async def test_a_body_over_the_limit_is_413_and_is_not_read_to_its_end(http: httpx.AsyncClient, path: str):
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(1000):
            read += 1
            yield b"x" * 1000

    headers = {"content-type": "application/json"}
    answer = await http.post(path, content=endless(), headers=headers)
    assert answer.status_code == 413
    assert read < 50
    assert (await http.post(path, content=b"x" * 30_000, headers=headers)).status_code == 413


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_another_method_is_405_and_says_which_are_allowed(http: httpx.AsyncClient, method: str):
    answer = await http.request(method, "/graphql")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, POST"
    assert code_of(answer) == "BAD_USER_INPUT"


async def test_without_a_database_the_answer_is_unavailable_and_neighbours_keep_theirs(http: httpx.AsyncClient):
    query = 'query { me { id } __typename rewards(market: "ES") { id } }'
    answer = await http.post("/graphql", json={"query": query}, headers=MEMBER)
    assert answer.json()["data"] == {"me": None, "__typename": "Query", "rewards": None}
    assert {error["extensions"]["code"] for error in answer.json()["errors"]} == {"UNAVAILABLE"}
    assert "postgres" not in answer.text.lower()


async def test_many_mutations_wait_for_a_database_that_is_away_only_once(
    http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
):
    one = '{ earnPoints(input: {activity: {fuel: {}}}, idempotencyKey: "k") { __typename } }'
    fields = " ".join(f"a{n}: {one[2:-2]}" for n in range(20))
    answer = await http.post("/graphql", json={"query": f"mutation {{ {fields} }}"}, headers=MEMBER)
    assert len(answer.json()["errors"]) == 20
    assert caplog.text.count("did not answer an earlier field of this request") == 19


async def test_a_fault_is_masked_and_logged_once_with_its_request_id(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    async def broken(*_: object) -> None:
        raise RuntimeError("select secret from somewhere")

    monkeypatch.setattr("api.schema.query.clock.now", broken)
    answer = await http.post("/graphql", json={"query": '{ campaigns(market: "ES") { id } }'})
    assert code_of(answer) == "INTERNAL"
    assert answer.json()["data"] == {"campaigns": None}
    assert "secret" not in answer.text
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert answer.headers["x-request-id"] in record.getMessage()
    assert "select secret" in str(record.exc_info)


async def test_a_refused_document_makes_one_line_in_the_log(http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture):
    caplog.set_level("INFO", "mipoints.api")
    fields = " ".join(f"nothing{n}" for n in range(50))
    await http.post("/graphql", json={"query": f"{{ {fields} }}"})
    records = [record for record in caplog.records if record.name == "mipoints.api"]
    assert len(records) == 1
    assert records[0].levelname == "INFO"
    assert "\n" not in records[0].getMessage()


@pytest.mark.parametrize(
    ("header", "word"),
    [("Basic YTpi", "Bearer"), ("Bearer", "Bearer"), ("Bearer ", "Bearer"), ("nonsense", "Bearer"),
     ("Bearer a.b.c", "token"), ("Bearer " + "x" * 9000, "longer")],
    ids=lambda value: value[:20],
)  # fmt: skip
async def test_a_header_that_is_no_token_is_unauthenticated_and_says_why(
    http: httpx.AsyncClient, header: str, word: str
):
    answer = await http.post("/graphql", json={"query": "{ me { id } }"}, headers={"authorization": header})
    assert code_of(answer) == "UNAUTHENTICATED"
    assert word in answer.json()["errors"][0]["message"]


async def test_services_are_no_members_and_members_no_services(http: httpx.AsyncClient):
    service = {"authorization": f"Bearer {issue(SETTINGS, scope='auditor')}"}
    assert code_of(await http.post("/graphql", json={"query": "{ me { id } }"}, headers=service)) == "FORBIDDEN"
    query = {"query": '{ member(miId: "mi-1") { id } }'}
    assert code_of(await http.post("/graphql", json=query, headers=MEMBER)) == "FORBIDDEN"
    assert code_of(await http.post("/graphql", json=query)) == "UNAUTHENTICATED"


REGISTER = 'registerMember(input: {miId: "a", market: "ES", birthDate: "1990-01-01"}, idempotencyKey: "k")'
RECORD = """recordOrder(input: {number: "1", miId: "a", placedAt: "2026-01-01T00:00:00Z", currency: "EUR", lines: []},
  idempotencyKey: "k")"""


@pytest.mark.parametrize("mutation", [REGISTER, RECORD], ids=["register", "record"])
async def test_a_mutation_that_is_not_the_callers_is_not_allowed(http: httpx.AsyncClient, mutation: str):
    query = {"query": f"mutation {{ {mutation} {{ ... on NotAllowed {{ code message }} }} }}"}
    for headers in ({}, MEMBER, {"authorization": f"Bearer {issue(SETTINGS, scope='operator auditor')}"}):
        (refused,) = (await http.post("/graphql", json=query, headers=headers)).json()["data"].values()
        assert refused["code"] == "NOT_ALLOWED"
        assert refused["message"]


async def test_points_are_redeemed_by_the_member_or_by_the_storefront_for_a_member(http: httpx.AsyncClient):
    async def redeem(token: str | None, members: str) -> str:
        query = f'mutation {{ redeemPoints(input: {{{members}}}, idempotencyKey: "k") {{ __typename }} }}'
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return (await http.post("/graphql", json={"query": query}, headers=headers)).json()["data"]["redeemPoints"][
            "__typename"
        ]

    member, storefront = issue(SETTINGS, member="mi-1"), issue(SETTINGS, scope="storefront")
    assert await redeem(None, 'rewardId: "x"') == "NotAllowed"
    assert await redeem(member, 'rewardId: "x", miId: "mi-2"') == "NotAllowed"
    assert await redeem(storefront, 'rewardId: "x"') == "NotAllowed"
    assert await redeem(issue(SETTINGS, scope="operator"), 'rewardId: "x", miId: "mi-1"') == "NotAllowed"
    assert await redeem(member, 'rewardId: "x"') == "NotFound"
    assert await redeem(storefront, 'rewardId: "x", miId: "mi-1"') == "NotFound"


async def test_a_text_that_is_too_long_or_empty_is_invalid_with_the_path_to_it(http: httpx.AsyncClient):
    query = """mutation($input: EarnPointsInput!) {
      earnPoints(input: $input, idempotencyKey: "k") { ... on InvalidInput { code path } } }"""
    for product in ("", "x" * 201):
        share = {"activity": {"socialShare": {"productId": product}}}
        answer = await http.post("/graphql", json={"query": query, "variables": {"input": share}}, headers=MEMBER)
        assert answer.json()["data"]["earnPoints"] == {
            "code": "INVALID_INPUT",
            "path": ["input", "activity", "socialShare", "productId"],
        }


async def test_a_delivery_is_503_while_the_inbox_cannot_be_written(http: httpx.AsyncClient):
    body = b'{"type":"shipment.delivered","timestamp":"2026-11-03T12:00:00Z","data":{"order_number":"1"}}'
    answer = await http.post("/webhooks/native", content=body, headers=signed(body, "evt-1"))
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["error"]["code"] == "UNAVAILABLE"


async def test_unknown_paths_and_producers_are_404_as_json(http: httpx.AsyncClient):
    for path in ("/", "/webhooks", "/webhooks/a/b", "/webhooks/unknown"):
        answer = await http.post(path, content=b"{}")
        assert answer.status_code == 404
        assert answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "path", ["/graphql/", "/explorer", "/webhooks/native/", "/healthz/", "//evil.example/graphql/"]
)
async def test_no_path_is_redirected_because_the_host_is_whatever_the_client_sent(http: httpx.AsyncClient, path: str):
    answer = await http.get(
        httpx.URL("http://mi.test").copy_with(raw_path=path.encode()), headers={"host": "evil.example"}
    )
    assert answer.status_code == 404
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("query($m: Market!) { rewards(market: $m) { id } }", {"m": "s3cret"}),
        ("query($m: Market!) { rewards(market: $m) { id } }", {"m": {"s3cret": 1}}),
        ('{ rewards(market: "s3cret") { id } }', {}),
        ('{ terms(market: "ES", on: "s3cret") { __typename } }', {}),
        ('query($on: Date) { terms(market: "ES", on: $on) { __typename } }', {"on": "s3cret"}),
        ('mutation { earnPoints(input: "s3cret", idempotencyKey: "k") { __typename } }', {}),
        ("s3cret", {}),
        ('{ order(number: "s3cret', {}),
    ],
)
async def test_a_value_that_could_not_be_read_is_answered_and_not_logged(
    http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, query: str, variables: dict[str, object]
):
    caplog.set_level("DEBUG")
    answer = await http.post("/graphql", json={"query": query, "variables": variables})
    assert code_of(answer) == "BAD_USER_INPUT"
    assert "BAD_USER_INPUT" in caplog.text
    assert "s3cret" not in caplog.text


async def test_the_process_lives_but_is_not_ready_without_its_database(http: httpx.AsyncClient):
    assert (await http.get("/healthz")).status_code == 200
    ready = await http.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["reasons"] == ["The database does not answer."]


async def test_requests_are_counted_without_any_text_that_clients_send(http: httpx.AsyncClient):
    await http.post("/graphql", json=TYPENAME)
    await http.post("/graphql", json={"query": "{ invented }"})
    await http.post("/webhooks/invented", content=b"{}")
    counted = (await http.get("/metrics")).text
    assert 'mipoints_graphql_requests_total{kind="query",outcome="ok"} 1.0' in counted
    assert 'mipoints_graphql_requests_total{kind="none",outcome="BAD_USER_INPUT"} 1.0' in counted
    assert 'mipoints_webhook_deliveries_total{outcome="unknown",producer="unknown"} 1.0' in counted
    assert "mipoints_request_seconds_bucket" in counted
    assert "invented" not in counted


EARN = """mutation($input: EarnPointsInput!) {
  earnPoints(input: $input, idempotencyKey: "k") { ... on InvalidInput { code path message } } }"""
JOIN = (
    """mutation($input: RegisterMemberInput!) { registerMember(input: $input, idempotencyKey: "k") { __typename } }"""
)
BUY = """mutation($input: RecordOrderInput!) { recordOrder(input: $input, idempotencyKey: "k") { __typename } }"""
LINE = {"id": "1", "productId": "p", "quantity": 1, "paidMinor": 100}
ORDER = {"number": "1", "miId": "m", "placedAt": "2026-01-01T00:00:00Z", "currency": "EUR"}
REFUSED = "... on InvalidInput { code path message }"
LIKED = {"miId": "m", "market": "ES", "birthDate": "1990-01-01"}


@pytest.mark.parametrize(
    ("query", "input_", "words"),
    [
        (JOIN, None, "Variable '$input' has invalid value: Expected value of non-null type"),
        (JOIN, "missing", "Expected a value of non-null type 'RegisterMemberInput!' to be provided."),
        (JOIN, True, "to be an object, found: true."),
        (JOIN, {"miId": "m"}, """to include required field 'market', found: {"miId": "m"}."""),
        (JOIN, LIKED | {"miId": None}, "at .miId: Expected value of non-null type 'ID!' not to be null."),
        (JOIN, LIKED | {"miId": {"a": None}}, """at .miId: ID cannot represent value: {"a": null}"""),
        (JOIN, LIKED | {"miId": False}, "ID cannot represent value: false"),
        (JOIN, LIKED | {"miID": "x" * 90}, "Did you mean"),
        (JOIN, LIKED | {"birthDate": 19900101}, "at .birthDate: Date cannot represent 19900101: "),
        (JOIN, LIKED | {"birthDate": "it's"}, """Date cannot represent "it's": """),
        (JOIN, LIKED | {"market": ["ES"]}, """Market cannot represent ["ES"]: """),
        (BUY, ORDER | {"lines": [LINE | {"quantity": "1"}]}, """at .lines[0].quantity: Int cannot represent """),
        (BUY, ORDER | {"lines": [LINE, LINE | {"paidMinor": True}]}, "at .lines[1].paidMinor: "),
        (BUY, ORDER | {"lines": None}, "at .lines: "),
        (BUY, ORDER | {"lines": LINE | {"quantity": 2**31}}, "2147483648"),
        (EARN, {"activity": {}}, "ActivityInput"),
        (EARN, {"activity": {"fuel": None}}, "must be non-null"),
        (BUY, ORDER | {"lines": [{}] * 5000}, "include required field 'id', found: {}."),
        (JOIN, {f"field{n}": n for n in range(200)}, "not to include unknown field 'field1', found: {"),
        (EARN, {"activity": {"fuel": {}, "appSignIn": {}}}, "ActivityInput"),
        ("{ me { pointsHistory(kinds: [5]) { nodes { id } } } }", None, "5"),
        ("query($input: [EntryKind!]) { me { pointsHistory(kinds: $input) { nodes { id } } } }", ["GIFT"], "GIFT"),
        ("query($input: [EntryKind!]) { me { pointsHistory(kinds: $input) { nodes { id } } } }", [True], "true"),
        ("mutation { earnPoints(input: null, idempotencyKey: null) { __typename } }", None, "not to be null."),
        ('{ rewards(market: ["ES"]) { id } }', None, """["ES"]"""),
    ],
    ids=lambda value: str(value)[-40:],
)  # fmt: skip
async def test_invalid_variables_are_reported_in_the_terms_of_graphql_and_json(
    http: httpx.AsyncClient, query: str, input_: object, words: str
):
    variables = {} if input_ == "missing" else {"input": input_}
    answer = await http.post("/graphql", json={"query": query, "variables": variables}, headers=MEMBER)
    errors = answer.json()["errors"]
    assert "data" not in answer.json()
    assert len(errors) <= 20
    assert {error["extensions"]["code"] for error in errors} == {"BAD_USER_INPUT"}
    messages = " ".join(error["message"] for error in errors)
    assert words in messages
    for python in ("None", "True", "False", "{'", "['", "x" * 80):
        assert python not in messages


async def test_an_address_that_is_too_long_is_refused_with_the_reason(http: httpx.AsyncClient):
    share = {"productId": "p", "url": "https://mi.com/" + "x" * 2000}
    body = {"query": EARN, "variables": {"input": {"activity": {"linkShare": share}}}}
    (error,) = (await http.post("/graphql", json=body, headers=MEMBER)).json()["errors"]
    assert error["message"].endswith("an address has at most 2,000 characters.")


@pytest.mark.parametrize(
    "odd", ["   ", "\u00a0\u2003", "\u200b", "a\nb", "a\r", "\ta", "a\x1b[31m", "a\x7f", "a\u0085b", "a\u2028b",
            "\u202egpj.exe", "a\u200f", "\u2066a"],
    ids=ascii,
)  # fmt: skip
async def test_blanks_line_breaks_and_invisible_marks_are_no_ids(http: httpx.AsyncClient, odd: str):
    storefront = {"authorization": f"Bearer {issue(SETTINGS, scope='storefront')}"}
    share = {"activity": {"linkShare": {"productId": odd}}}
    join, buy, earn = (
        f"mutation($i: {type_}!, $k: ID!) {{ a: {name}(input: $i, idempotencyKey: $k) {{ {REFUSED} }} }}"
        for name, type_ in (
            ("registerMember", "RegisterMemberInput"),
            ("recordOrder", "RecordOrderInput"),
            ("earnPoints", "EarnPointsInput"),
        )
    )
    for query, input_, key, path, headers in (
        (join, LIKED | {"miId": odd}, "k", ["input", "miId"], storefront),
        (join, LIKED, odd, ["idempotencyKey"], storefront),
        (buy, ORDER | {"number": odd, "lines": [LINE]}, "k", ["input", "number"], storefront),
        (buy, ORDER | {"lines": [LINE | {"id": odd}]}, "k", ["input", "lines", "0", "id"], storefront),
        (earn, share, "k", ["input", "activity", "linkShare", "productId"], MEMBER),
    ):
        answer = await http.post(
            "/graphql", json={"query": query, "variables": {"i": input_, "k": key}}, headers=headers
        )
        refused = answer.json()["data"]["a"]
        assert (refused["code"], refused["path"]) == ("INVALID_INPUT", path)
        assert "characters" in refused["message"] or "blanks" in refused["message"]
