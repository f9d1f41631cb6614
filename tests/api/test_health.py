"""Readiness while Redis comes and goes."""

import asyncio
from pathlib import Path

import httpx
import pytest

from api.app import create_app, metrics_app
from loyalty.programme.programme import Programme
from loyalty.tokens import Verifier
from mipoints.embedded.redis import EmbeddedRedis
from mipoints.wake import Waker
from tests.api.away import opened_app
from tests.conftest import NO_REDIS
from tests.support.patience import eventually
from tests.support.stage import settings_for


@pytest.mark.skipif(not EmbeddedRedis.can_be_had(), reason=NO_REDIS)
async def test_probes_report_a_redis_that_is_away_and_log_it_only_when_it_goes_and_when_it_returns(
    programme: Programme, database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    redis = EmbeddedRedis.start(tmp_path)
    waker, settings, pings = Waker(redis.url), settings_for(database_url), []

    async def ping() -> None:
        pings.append(1)
        await waker.ping()

    app = create_app(settings, programme, waker, Verifier(settings), ping_redis=ping)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://mi.test") as http:

        async def degraded() -> list[str]:
            return list((await http.get("/readyz")).json()["degraded"])

        async def is_away() -> bool:
            return await degraded() == ["redis"]

        async def is_back() -> bool:
            return await degraded() == []

        assert await asyncio.gather(*(degraded() for _ in range(50))) == [[]] * 50
        assert len(pings) == 1, "all who ask at the same time share one look"
        redis.stop()
        await eventually(is_away)
        redis = EmbeddedRedis.start(tmp_path)
        await eventually(is_back)
        await waker.close()
        redis.stop()
    logged = [each.message for each in caplog.records if each.name == "mipoints.api" and "Redis" in each.message]
    assert [line.partition(" (")[0] for line in logged] == ["Redis does not answer", "Redis answers again."]


async def test_metrics_with_a_port_of_their_own_are_on_that_port_alone():
    async with opened_app(metrics_port=9) as app:
        for asked, path, status in (
            (app, "/metrics", 404),
            (app, "/healthz", 200),
            (metrics_app(app), "/metrics", 200),
            (metrics_app(app), "/graphql", 404),
        ):
            async with httpx.AsyncClient(transport=httpx.ASGITransport(asked), base_url="http://mi.test") as http:
                assert (await http.get(path)).status_code == status
