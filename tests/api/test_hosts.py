"""A sandbox answers under names of its machine only: a page whose name was pointed at it (DNS rebinding) is refused."""

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from api.hosts import LoopbackHost
from tests.api.away import TYPENAME, opened_app
from tests.support.served import served
from tests.support.streams import opened

OURS = [
    "127.0.0.1",
    "127.0.0.1:8000",
    "127.8.8.8",
    "localhost",
    "LocalHost:8000",
    "mi.localhost:1",
    "[::1]",
    "[::1]:8000",
]
OTHERS = ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", "", "0.0.0.0",
          "10.0.0.1", "[::2]:80", "localhost:80:80", "128.0.0.1"]  # fmt: skip


@pytest.mark.parametrize(("host", "status"), [*((each, 200) for each in OURS), *((each, 421) for each in OTHERS)])
async def test_a_request_is_answered_under_names_of_this_machine_alone(host: str, status: int):
    async with opened_app() as app:
        transport = httpx.ASGITransport(LoopbackHost(app))
        async with httpx.AsyncClient(transport=transport, base_url="http://mi.test") as client:
            answer = await client.post("/graphql", json=TYPENAME, headers={"host": host})
    assert answer.status_code == status
    assert status == 200 or answer.json()["error"]["code"] == "MISDIRECTED"


async def test_a_websocket_under_another_name_is_refused_although_its_page_has_that_name():
    async with opened_app() as app, served(LoopbackHost(app)) as url:
        async with opened(url):
            pass
        with pytest.raises(InvalidStatus) as refused:
            async with opened(url, additional_headers={"host": "evil.example", "origin": "http://evil.example"}):
                pass
    assert refused.value.response.status_code == 403
