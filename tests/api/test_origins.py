"""Pages of other sites call the API only if their origin is one of MIPOINTS_ORIGINS, over HTTP and WebSocket alike."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from websockets.exceptions import InvalidStatus

from tests.api.away import MEMBER, TYPENAME, opened_app, opened_http
from tests.support.served import served
from tests.support.streams import opened

SHOP, ELSEWHERE = "https://www.mi.com", "https://elsewhere.example"
HEADERS = ["authorization", "content-type", "apollo-require-preflight", "x-apollo-operation-name", "accept-language"]


@pytest_asyncio.fixture
async def shop() -> AsyncIterator[httpx.AsyncClient]:
    """The API for pages of the shop."""
    async with opened_http(origins=(SHOP,)) as client:
        yield client


async def preflight(http: httpx.AsyncClient, origin: str, method: str, header: str, path: str = "/graphql") -> bool:
    """Whether a browser would send the request after this preflight."""
    asked = {"origin": origin, "access-control-request-method": method, "access-control-request-headers": header}
    answer = await http.options(path, headers=asked)
    allowed = answer.headers.get("access-control-allow-origin")
    assert allowed != "*"
    assert "access-control-allow-credentials" not in answer.headers
    return answer.is_success and allowed == origin


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_page_of_a_named_origin_may_send_what_clients_send(shop: httpx.AsyncClient, method: str, header: str):
    assert await preflight(shop, SHOP, method, header)


@pytest.mark.parametrize(
    ("origin", "method", "header", "path"),
    [
        (ELSEWHERE, "POST", "content-type", "/graphql"),
        ("null", "POST", "content-type", "/graphql"),
        (SHOP + ".example", "POST", "content-type", "/graphql"),
        ("http://www.mi.com", "POST", "content-type", "/graphql"),
        (SHOP, "DELETE", "content-type", "/graphql"),
        (SHOP, "POST", "x-of-its-own", "/graphql"),
        (SHOP, "POST", "content-type", "/webhooks/native"),
        (SHOP, "GET", "authorization", "/metrics"),
        (SHOP, "GET", "authorization", "/producers"),
    ],
)
async def test_nothing_else_passes_a_preflight(
    shop: httpx.AsyncClient, origin: str, method: str, header: str, path: str
):
    assert not await preflight(shop, origin, method, header, path)


async def test_by_default_no_page_of_another_site_passes_a_preflight_or_reads_an_answer(http: httpx.AsyncClient):
    assert not await preflight(http, SHOP, "POST", "content-type")
    answer = await http.post("/graphql", json=TYPENAME, headers={"origin": SHOP})
    assert [name for name in answer.headers if name.startswith("access-control")] == []


async def test_a_named_page_reads_answers_and_refusals_with_the_id_and_the_wait(shop: httpx.AsyncClient):
    for body, status in ((TYPENAME, 200), ("nonsense", 400)):
        answer = await shop.post("/graphql", json=body, headers={"origin": SHOP})
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == SHOP
        assert answer.headers["access-control-expose-headers"] == "x-request-id, retry-after"
        assert "origin" in answer.headers["vary"].lower()
    other = await shop.post("/graphql", json=TYPENAME, headers={"origin": ELSEWHERE})
    assert "access-control-allow-origin" not in other.headers


@pytest.mark.parametrize("origin", [None, SHOP, "ours"])
async def test_a_websocket_of_a_program_our_page_or_a_named_page_is_opened(origin: str | None):
    async with (
        opened_app(origins=(SHOP,)) as app,
        served(app) as url,
        opened(url, origin=url if origin == "ours" else origin) as socket,
    ):
        await socket.send("ping")
        assert (await socket.receive())["type"] == "pong"


@pytest.mark.parametrize("origin", [ELSEWHERE, "null", "", SHOP + ".example", "https://[", "http://127.0.0.1"])
async def test_a_websocket_of_another_page_is_refused_before_it_is_open(origin: str):
    async with opened_app(origins=(SHOP,)) as app, served(app) as url:
        with pytest.raises(InvalidStatus) as refused:
            async with opened(url, additional_headers={"origin": origin}):
                pass
        assert refused.value.response.status_code == 403


async def test_a_get_of_a_named_page_still_shows_that_it_passed_a_preflight(shop: httpx.AsyncClient):
    sent = {"origin": SHOP, "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}
    assert (await shop.get("/graphql", params=TYPENAME, headers=sent)).status_code == 400
    assert (await shop.get("/graphql", params=TYPENAME, headers=sent | MEMBER)).status_code == 200
