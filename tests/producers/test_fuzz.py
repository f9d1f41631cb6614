"""A little of `make fuzz` in every run: hostile requests over plain sockets, and odd bodies that are signed."""

from datetime import UTC, datetime
from random import Random
from urllib.parse import urlsplit

from loyalty.webhooks.producers import PRODUCERS
from loyalty.webhooks.producers.diagnosis import diagnose
from loyalty.webhooks.producers.events import Sent
from tests.support.hostile.honest import PATHS, honest, sample_bodies
from tests.support.hostile.hostile import send_all, strange_bodies, unproven
from tests.support.hostile.misplacing import SPOILERS
from tests.support.hostile.wire import Request
from tests.support.ledger import ledger
from tests.support.stage import WEBHOOK_SECRETS, Stage

SEED = 2026


def ports(stage: Stage) -> list[int]:
    return [urlsplit(str(stage.http.base_url)).port or 0]


async def test_an_unproven_request_is_neither_accepted_nor_a_server_error(stage: Stage):
    answers = await send_all(ports(stage), unproven(Random(SEED), 300), may_be_accepted=False)
    assert answers.wrong == []
    assert answers.of(4) > 200
    assert await stage.owner.fetchval("select count(*) from inbox") == 0


async def test_signed_bodies_with_strange_values_are_finished_and_move_no_points(stage: Stage):
    before = await ledger(stage.owner)
    answers = await send_all(ports(stage), strange_bodies(Random(SEED), 200), may_be_accepted=True)
    assert answers.wrong == []
    assert answers.of(2) > 100
    await stage.drain()
    states = await stage.owner.fetch("select distinct state from inbox")
    assert {row["state"] for row in states} <= {"APPLIED", "IGNORED", "PARKED"}
    assert await ledger(stage.owner) == before


def test_every_mistake_of_a_ping_is_diagnosed_without_revealing_a_secret():
    random, bodies, now = Random(SEED), sample_bodies(), datetime.now(UTC)
    for spoiler in SPOILERS * 20:
        request = spoiler(random, honest(random, bodies))
        for producer in PRODUCERS:
            if request.target.startswith(PATHS["webhook"].format(producer).encode()):
                pinged = diagnose(PRODUCERS[producer], WEBHOOK_SECRETS[producer], _sent(request), "No.", now)
                assert pinged.findings or request.method != b"POST" or "too large" in request.how
                assert not any(secret in str(pinged) for secret in WEBHOOK_SECRETS[producer])


def _sent(request: Request) -> Sent:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in request.headers}
    return Sent(headers, request.body)
