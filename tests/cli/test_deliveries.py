"""`mipoints webhook list|show|replay`: an operator reads and replays deliveries on the command line."""

import pytest

from tests.cli.commands import are_sentences, mipoints
from tests.support.processes import environment
from tests.support.stage import Stage

NO_DATABASE = environment("postgresql://nobody@127.0.0.1:9/nothing")


async def sent(stage: Stage, *event_ids: str, order: str = "ORD-unknown") -> None:
    for event_id in event_ids:
        data = {"order_number": order, "occurred_at": "2026-11-03T11:59:30Z", "note": "Grüße \x1b[2J"}
        assert (await stage.webhook("shipment.delivered", data, id_=event_id)).is_success
    await stage.drain()


async def test_deliveries_are_listed_newest_first(stage: Stage, database_url: str):
    env = environment(database_url)
    assert b"There are no such deliveries" in (await mipoints("webhook", "list", env=env)).stdout
    await sent(stage, "evt-1", "evt-2", "evt-3")
    wanted = ("--state", "parked", "--producer", "native", "--limit", "2")
    listed = (await mipoints("webhook", "list", *wanted, env=env)).stdout.decode()
    lines = [line for line in listed.splitlines() if " evt-" in line]
    assert [line.split()[3] for line in lines] == ["evt-3", "evt-2"]
    assert all("PARKED" in line and "ORD-unknown" in line for line in lines)
    assert "There are more" in listed
    assert b"There are no such" in (await mipoints("webhook", "list", "--state", "DEAD", env=env)).stdout


async def test_a_delivery_is_shown_with_its_body_and_the_event_read_from_it(stage: Stage, database_url: str):
    env = environment(database_url)
    await sent(stage, "evt-1")
    shown = await mipoints("webhook", "show", "native", "evt-1", env=env)
    assert shown.returncode == 0, shown.stderr
    text = shown.stdout.decode()
    for part in (
        "native evt-1", "PARKED", "Its order is not known yet.", "webhook-id: evt-1", '"type": "shipment.delivered"',
        '      "order_number": "ORD-unknown"', "Grüße", "fact: Delivered", "order_number: ORD-unknown",
    ):  # fmt: skip
        assert part in text
    assert "\x1b" not in text


async def test_a_body_that_cannot_be_read_is_shown_all_the_same(stage: Stage, database_url: str):
    await stage.owner.execute(
        "insert into inbox (producer, event_id, type, body, headers, received_at) "
        "values ('native', 'poison', 'shipment.delivered', '\\xff00', '{}', programme_now()), "
        "('of a later release', 'x', 'y', '', '{}', programme_now())"
    )
    env = environment(database_url)
    poison = (await mipoints("webhook", "show", "native", "poison", env=env)).stdout.decode()
    assert "b'\\xff\\x00'" in poison
    assert "It cannot be read: MalformedDelivery" in poison
    unknown = (await mipoints("webhook", "show", "of a later release", "x", env=env)).stdout.decode()
    assert "does not know the producer" in unknown


async def test_replaying_one_or_all_of_the_dead_is_logged(stage: Stage, database_url: str):
    env = environment(database_url)
    await sent(stage, "evt-1", "evt-2", "evt-3")
    await stage.owner.execute("update inbox set state = 'DEAD', attempts = 10 where event_id <> 'evt-3'")
    await stage.register()
    await stage.order("ORD-unknown", [("1", 1, 10000)])
    one = await mipoints("webhook", "replay", "native", "evt-1", env=env)
    assert (one.returncode, one.stdout.decode()) == (0, "native evt-1 will be applied again.\n")
    all_ = await mipoints("webhook", "replay", "native", "--dead", env=env)
    assert (all_.returncode, all_.stdout.decode()) == (0, "Deliveries of native that will be applied again: 1.\n")
    await stage.drain()
    assert {row["state"] for row in await stage.owner.fetch("select state from inbox")} == {"APPLIED"}
    assert (await stage.balance())[0] == 100
    log = await stage.owner.fetch("select actor, after from operator_log order by done_at")
    assert [row["actor"] for row in log] == ["mipoints webhook replay"] * 2
    assert log[1]["after"] == {"producer": "native", "event_ids": ["evt-2"]}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("list", "--state", "lost"), 2),
        (("replay", "native"), 2),
        (("replay", "native", "evt-1", "--dead"), 2),
        (("list",), 1),
    ],
    ids=str,
)
async def test_wrong_arguments_are_refused_with_a_sentence(arguments: tuple[str, ...], code: int):
    answer = await mipoints("webhook", *arguments, env=NO_DATABASE)
    assert (answer.returncode, are_sentences(answer.stderr)) == (code, True)


async def test_an_unknown_delivery_is_a_sentence(database_url: str):
    for command in ("show", "replay"):
        answer = await mipoints("webhook", command, "native", "evt-1", env=environment(database_url))
        assert (answer.returncode, are_sentences(answer.stderr)) == (1, True)
        assert b"Nothing of native was kept under 'evt-1'" in answer.stderr
