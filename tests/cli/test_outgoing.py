"""`mipoints outgoing`: an operator adds endpoints, reads deliveries and has them sent again."""

import asyncio
import re

import asyncpg

from db.pool import Database
from tests.cli.commands import are_sentences, mipoints
from tests.flows.outgoing.test_outgoing_sending import events
from tests.support.drain import send_all
from tests.support.processes import environment
from tests.support.receiver import courier, receiving
from tests.support.stage import Stage


async def test_an_endpoint_from_its_first_day_to_its_last(stage: Stage, database_url: str, db: Database):
    env = environment(database_url, MIPOINTS_OUTGOING_ALLOW_PRIVATE="on")

    async def outgoing(*arguments: str) -> str:
        done = await mipoints("outgoing", *arguments, env=env)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    assert "There is no endpoint" in await outgoing("list")
    async with receiving() as receiver, courier(db) as sending:
        added = await outgoing("add", receiver.url, "--type", "points.credited")
        match = re.fullmatch(r"endpoint (\S+)\nsecret   (whsec_\S+)\n", added)
        assert match
        endpoint_id, receiver.secret = match.groups()
        listed = await outgoing("list")
        assert endpoint_id in listed
        assert receiver.url in listed
        assert "whsec_" not in listed

        await events(stage)
        await send_all(sending)
        (event,) = receiver.events
        deliveries = await outgoing("deliveries", "--state", "delivered", "--endpoint", endpoint_id)
        assert receiver.got[0].id in deliveries
        assert "mi-0" in deliveries
        assert receiver.got[0].id not in await outgoing("deliveries", "--state", "dead")

        assert "1 deliveries" in await outgoing("replay", receiver.got[0].id)
        await send_all(sending)
        assert receiver.events == [event, event]

        assert "whsec_" in await outgoing("rotate", endpoint_id)
        assert "1 old" in await outgoing("rotate", endpoint_id, "--finish")
        await outgoing("pause", endpoint_id)
        assert "PAUSED" in await outgoing("list")
        await outgoing("resume", endpoint_id)
        assert "0 deliveries" in await outgoing("replay", "--endpoint", endpoint_id, "--dead")
        await outgoing("remove", endpoint_id)
        assert "There is no endpoint" in await outgoing("list")
    actors = await stage.owner.fetch("select distinct actor from operator_log order by 1")
    assert [row[0] for row in actors] == [
        f"mipoints outgoing {command}" for command in ("add", "pause", "remove", "replay", "resume", "rotate")
    ]


async def test_an_impossible_command_is_refused_with_a_sentence(database_url: str, owner: asyncpg.Connection):
    env = environment(database_url)
    unknown = "00000000-0000-0000-0000-000000000000"
    refused = (
        ("add", "http://127.0.0.1:8080/"),
        ("add", "https://localhost/"),
        ("add", "https://user:secret@receiver.example/"),
        ("add", "https://127.0.0.1/", "--type", "points.lost"),
        ("pause", unknown),
        ("pause", "x"),
        ("rotate", unknown),
        ("deliveries", "--state", "lost"),
        ("replay",),
        ("replay", "x"),
        ("replay", "--dead"),
    )
    answers = await asyncio.gather(*(mipoints("outgoing", *arguments, env=env) for arguments in refused))
    for arguments, done in zip(refused, answers, strict=True):
        assert done.returncode == 2, arguments
        assert are_sentences(done.stderr), done.stderr
    nothing = await mipoints("outgoing", "replay", f"evt_{unknown}", env=env)
    assert (nothing.returncode, nothing.stdout) == (1, b"0 deliveries are sent again.\n")
    assert await owner.fetchval("select count(*) from endpoints") == 0
