"""Answers over 1,000 bytes are compressed for clients that accept gzip; event streams never are."""

import httpx
import pytest

from tests.api.away import OPERATOR
from tests.support.stage import Stage
from tests.support.streams import events

LONG = {"query": "{ __schema { types { name description } } }"}
SHORT = {"query": "{ __typename }"}


@pytest.mark.parametrize(
    ("body", "accepted", "is_packed"),
    [
        (LONG, "gzip", True),
        (LONG, "br, gzip;q=0.8", True),
        (LONG, "gzip;q=0", False),
        (LONG, "br", False),
        (LONG, "identity", False),
        (SHORT, "gzip", False),
        ([LONG, SHORT], "gzip", True),
    ],
)
async def test_long_answers_are_packed_for_clients_that_accept_it(
    http: httpx.AsyncClient, body: object, accepted: str, is_packed: bool
):
    answer = await http.post("/graphql", json=body, headers=OPERATOR | {"accept-encoding": accepted})
    assert answer.status_code == 200
    assert answer.json(), "the same JSON, packed or not"
    assert answer.headers.get("content-encoding") == ("gzip" if is_packed else None)
    assert answer.num_bytes_downloaded == int(answer.headers["content-length"])
    assert not is_packed or "accept-encoding" in answer.headers["vary"].lower()
    assert (len(answer.content) > 3 * answer.num_bytes_downloaded) == is_packed


async def test_an_event_stream_is_never_packed_because_each_event_has_to_leave_at_once(stage: Stage):
    await stage.register()
    stage.http.headers["accept-encoding"] = "gzip"
    async with events(stage.http, stage.token("mi-1"), now=True) as stream:
        assert "content-encoding" not in stream.response.headers
        assert (await stream.change())["balance"]["available"] == 0
