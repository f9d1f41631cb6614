"""A connection whose client sends too much, too slowly or in parts that no limit counts is answered and ends."""

import json
from collections.abc import Iterator
from itertools import chain, repeat

import pytest

from tests.support.raw_http import sent_raw
from tests.support.stage import Stage

CHUNKED = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n%s\r\n"
UNCOUNTED = {
    "trailers": lambda: chain([CHUNKED % b"", b"2\r\n{}\r\n0\r\n"], repeat(b"x-a: b\r\n" * 1000, 5_000)),
    "one long trailer": lambda: chain([CHUNKED % b"", b"2\r\n{}\r\n0\r\nx-a: "], repeat(b"a" * 10_000, 5_000)),
    "the heads of chunks": lambda: chain([CHUNKED % b""], repeat(b"1;" + b"a" * 10_000 + b"\r\n \r\n", 5_000)),
    "chunks of one byte": lambda: chain([CHUNKED % b""], repeat(b"1\r\n \r\n" * 2000, 5_000)),
    "lines before a request": lambda: repeat(b"\r\n" * 5_000, 5_000),
}


@pytest.mark.parametrize("pieces", UNCOUNTED.values(), ids=UNCOUNTED)
async def test_bytes_that_are_no_body_are_limited(stage: Stage, pieces):
    ended = await sent_raw(str(stage.http.base_url), pieces())
    assert ended.status in (400, 431, 0)
    assert ended.sent < 20_000_000


async def test_a_request_with_trailers_is_refused_and_not_carried_out(stage: Stage):
    query = """mutation { registerMember(input: {miId: "mi-1", market: "ES", birthDate: "1990-05-17"},
      idempotencyKey: "k") { __typename } }"""
    body = json.dumps({"query": query}).encode()
    token = stage.token(scope="storefront", name="storefront").encode()
    head = CHUNKED % (b"Authorization: Bearer " + token + b"\r\n")
    chunk = b"%x\r\n%s\r\n0\r\n" % (len(body), body)
    ended = await sent_raw(str(stage.http.base_url), [head + chunk + b"x-a: b\r\n\r\n"])
    assert ended.status == 400
    assert json.loads(ended.answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "REFUSED"
    assert await stage.owner.fetchval("select count(*) from members") == 0
    ended = await sent_raw(
        str(stage.http.base_url), [(head + chunk + b"\r\n").replace(b"Host: x", b"Connection: close")]
    )
    assert b"MemberRegistered" in ended.answer


def large_body(head: bytes, pieces: int) -> Iterator[bytes]:
    """A body that is announced, or that comes in chunks."""
    is_chunked = b"chunked" in head
    return chain([head], repeat((b"2710\r\n%s\r\n" if is_chunked else b"%s") % (b" " * 10_000), pieces))


REFUSED = {
    "a body over the limit, announced": (
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50000000\r\n\r\n",
        413,
    ),
    "a body over the limit, in chunks": (CHUNKED % b"", 413),
    "another media type": ((CHUNKED % b"").replace(b"application/json", b"text/plain"), 415),
    "another method": ((CHUNKED % b"").replace(b"POST", b"PUT"), 405),
    "no such path": ((CHUNKED % b"").replace(b"/graphql", b"/nothing"), 404),
    "no such producer": ((CHUNKED % b"").replace(b"/graphql", b"/webhooks/nobody"), 404),
    "a webhook without its signature": ((CHUNKED % b"").replace(b"/graphql", b"/webhooks/native"), 401),
}


@pytest.mark.parametrize(("head", "status"), REFUSED.values(), ids=REFUSED)
async def test_the_refusal_of_a_request_ends_its_connection_and_is_read_by_the_client(
    stage: Stage, head: bytes, status: int
):
    ended = await sent_raw(str(stage.http.base_url), large_body(head, 5_000))
    assert ended.status == status
    assert b"connection: close" in ended.answer.lower()
    assert ended.sent < 20_000_000


async def test_a_refusal_after_the_whole_body_keeps_the_connection(stage: Stage):
    head = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
    ended = await sent_raw(str(stage.http.base_url), [head + b"\r\n[]", head + b"Connection: close\r\n\r\n[]"])
    assert ended.answer.count(b"HTTP/1.1 ") == 2
