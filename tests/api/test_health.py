"""Readiness while Redis comes and goes."""

from pathlib import Path

import httpx
import pytest

from api.app import create_app
from loyalty.programme.programme import Programme
from loyalty.tokens import Verifier
from mipoints.embedded.redis import EmbeddedRedis
from mipoints.wake import Waker
from tests.conftest import NO_REDIS
from tests.support.stage import settings_for


@pytest.mark.skipif(not EmbeddedRedis.can_be_had(), reason=NO_REDIS)
async def test_probes_report_a_redis_that_is_away_and_log_it_only_when_it_goes_and_when_it_returns(
    programme: Programme, database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    redis = EmbeddedRedis.start(tmp_path)
    waker, settings = Waker(redis.url), settings_for(database_url)
    app = create_app(settings, programme, waker, Verifier(settings), ping_redis=waker.ping)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://mi.test") as http:

        async def degraded() -> list[str]:
            return list((await http.get("/readyz")).json()["degraded"])

        assert [await degraded() for _ in range(2)] == [[], []]
        redis.stop()
        assert [await degraded() for _ in range(3)] == [["redis"]] * 3
        redis = EmbeddedRedis.start(tmp_path)
        assert [await degraded() for _ in range(2)] == [[], []]
        await waker.close()
        redis.stop()
    logged = [each.message for each in caplog.records if each.name == "mipoints.api" and "Redis" in each.message]
    assert [line.partition(" (")[0] for line in logged] == ["Redis does not answer", "Redis answers again."]
