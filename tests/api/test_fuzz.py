"""A small part of `make fuzz` in every run: Schemathesis' requests to the schema, sent by every kind of caller."""

import asyncio
import json
from datetime import timedelta
from functools import partial

import pytest

from api.negotiation import JSON
from loyalty.tokens import issue
from tests.api.root_fields import root_fields
from tests.support.hostile.graphql_answers import wrong_with
from tests.support.hostile.graphql_sending import send_all
from tests.support.hostile.graphql_world import callers, peopled
from tests.support.stage import Stage

REQUESTS = 200


async def test_no_request_however_odd_is_a_fault_or_reveals_internals(stage: Stage):
    give = partial(issue, stage.settings, seconds=600)
    placed_at = (await stage.now() - timedelta(hours=12)).isoformat(timespec="seconds")
    known = await peopled(stage.http, give, placed_at)
    seen = await asyncio.to_thread(send_all, str(stage.http.base_url), callers(give), known, REQUESTS)
    assert seen.wrong == {}
    assert seen.requests >= REQUESTS
    assert seen.labels == {f"{kind.title()}.{name}" for kind, name, _ in root_fields() if kind != "subscription"}
    assert seen.outcomes["ran"] > REQUESTS / 10


def error(code: str = "BAD_USER_INPUT", message: str = "No.") -> bytes:
    entry = {"message": message, "extensions": {"code": code, "requestId": "1"}}
    return json.dumps({"errors": [entry]}).encode()


@pytest.mark.parametrize(
    ("body", "status", "media"),
    [
        (b'{"data": null}', 500, JSON),
        (b"", 0, JSON),
        (b"{", 200, JSON),
        (b"{}", 200, JSON),
        (b'{"data": {}}', 200, "text/html"),
        (b'[{"data": {}}, {}]', 200, JSON),
        (b'{"errors": []}', 400, JSON),
        (b'{"errors": [{"message": "No."}]}', 400, JSON),
        (error("INTERNAL"), 200, JSON),
        (error("UNAVAILABLE"), 200, JSON),
        (error("SOMETHING_NEW"), 200, JSON),
        (error(message=""), 200, JSON),
        (error(message="'NoneType' object has no attribute 'id'"), 200, JSON),
        (error(message="invalid input for query argument $1: KeyError"), 200, JSON),
        (error(message='duplicate key value violates unique constraint "x"'), 200, JSON),
        (error(message="select id from members"), 200, JSON),
        (error(message="/srv/points/api/graphql.py, line 12"), 200, JSON),
    ],
)
def test_such_an_answer_is_reported_as_wrong(body: bytes, status: int, media: str):
    assert wrong_with(status, body, media) is not None


@pytest.mark.parametrize(
    "body", [b'{"data": {"me": null}}', b'[{"data": {}}]', error(), error("FORBIDDEN"), error("LIMITED")]
)
def test_such_an_answer_is_accepted(body: bytes):
    assert wrong_with(200, body, JSON) is None
