"""A request keeps the id that a proxy or a trace gave it: in its answer, in its errors and in the log."""

import re

import httpx
import pytest

from tests.api.away import TYPENAME, opened_http

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


async def id_after(http: httpx.AsyncClient, *headers: tuple[str, str]) -> str:
    """The id of a request that is answered."""
    answer = await http.post("/graphql", json=TYPENAME, headers=list(headers))
    assert answer.json()["data"] == {"__typename": "Query"}
    return answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ((("x-request-id", "proxy-1"),), "proxy-1"),
        ((("x-request-id", "of-the-client"), ("x-request-id", "of-the-proxy")), "of-the-proxy"),
        ((("x-request-id", "proxy-1"), ("traceparent", PARENT)), "proxy-1"),
        ((("x-request-id", 'two words "'), ("traceparent", PARENT)), TRACE),
        ((("x-request-id", "x" * 129), ("traceparent", PARENT)), TRACE),
        ((("x-request-id", ""), ("traceparent", PARENT)), TRACE),
    ],
)
async def test_behind_a_proxy_its_id_is_taken_over(headers: tuple[tuple[str, str], ...], expected: str):
    async with opened_http(proxies=1) as http:
        assert await id_after(http, *headers) == expected


@pytest.mark.parametrize("parent", [PARENT, f"01-{TRACE}-00f067aa0ba902b7-00-later"])
async def test_a_trace_gives_its_id_and_without_a_proxy_nothing_else_does(http: httpx.AsyncClient, parent: str):
    assert await id_after(http, ("traceparent", parent), ("x-request-id", "anyone")) == TRACE


@pytest.mark.parametrize(
    "parent",
    ["", TRACE, PARENT.upper(), PARENT + "-x", PARENT.replace(TRACE, "0" * 32), "ff" + PARENT[2:], "00-a-b-01"],
)
async def test_an_invalid_trace_is_ignored(http: httpx.AsyncClient, parent: str):
    first, second = [await id_after(http, ("traceparent", parent)) for _ in range(2)]
    assert first != second
    assert re.fullmatch("[0-9a-f]{32}", first)


async def test_errors_and_the_log_carry_the_id(caplog: pytest.LogCaptureFixture):
    caplog.set_level("INFO", "mipoints.api")
    async with opened_http(proxies=1) as http:
        answer = await http.post("/graphql", json={"query": "{ nothing }"}, headers={"x-request-id": "proxy-1"})
    assert answer.json()["errors"][0]["extensions"]["requestId"] == "proxy-1"
    assert "proxy-1: refused" in caplog.text
