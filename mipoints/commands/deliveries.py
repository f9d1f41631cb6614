"""webhook list, show, replay: shows the stored deliveries and their states, and has them applied again."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from mipoints.problems import MISTYPED, UserError, plainly

if TYPE_CHECKING:
    from db.webhooks.deliveries import DeliveryRow

app = typer.Typer()

ACTOR = "mipoints webhook replay"
_STATES = ("RECEIVED", "APPLIED", "PARKED", "IGNORED", "DEAD")
_SECONDS = 60.0

ProducerArgument = Annotated[str, typer.Argument(help="Who sent it: native, easypost …")]


@app.command("list")
@plainly
def list_(
    state: Annotated[str | None, typer.Option(help=f"Only those that are {', '.join(_STATES).lower()}.")] = None,
    producer: Annotated[str | None, typer.Option(help="Only this producer's.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 20,
) -> None:
    """Show the deliveries that were kept, newest first."""
    state_name = state.upper() if state is not None else None
    if state_name is not None and state_name not in _STATES:
        raise UserError(f"{state} is no state of a delivery: there are {', '.join(_STATES).lower()}.", MISTYPED)
    asyncio.run(_list(state_name, producer, limit))


async def _list(state: str | None, producer: str | None, limit: int) -> None:
    from db.pages import Window
    from db.webhooks.deliveries import deliveries_page
    from mipoints.console import print_table
    from mipoints.database import opened_database
    from mipoints.sandbox import settings

    async with opened_database(settings(), seconds=_SECONDS) as db:
        rows = await deliveries_page(
            db, Window(limit), producers=[producer] if producer else None, states=[state] if state else None
        )
    if not rows:
        typer.echo("There are no such deliveries.")
        return
    headers = ("received", "producer", "event", "type", "state", "attempts", "order", "why")
    print_table(headers, [_row(each) for each in rows[:limit]])
    if len(rows) > limit:
        typer.echo(f"There are more: --limit shows more than {limit}.")


def _row(row: "DeliveryRow") -> tuple[str, ...]:
    return (
        f"{row.received_at:%Y-%m-%d %H:%M:%S}Z",
        row.producer,
        row.event_id,
        row.type,
        row.state,
        str(row.attempts),
        row.order_number or row.tracking_number or "",
        row.error or "",
    )


@app.command()
@plainly
def show(
    producer: ProducerArgument,
    event_id: Annotated[str, typer.Argument(metavar="EVENT_ID", help="As `webhook list` shows it.")],
) -> None:
    """Show one delivery with its headers, its body, its failures, and what it is read as."""
    asyncio.run(_show(producer, event_id))


async def _show(producer: str, event_id: str) -> None:
    from db.webhooks.deliveries import deliveries_by_id, kept_delivery
    from mipoints.database import opened_database
    from mipoints.delivery_text import delivery_text
    from mipoints.sandbox import settings

    async with opened_database(settings()) as db:
        rows = await deliveries_by_id(db, [(producer, event_id)])
        delivery = await kept_delivery(db, producer, event_id)
    if delivery is None or not rows:
        raise _no_such(producer, event_id)
    for line in delivery_text(rows[0], delivery):
        typer.echo(line)


@app.command()
@plainly
def replay(
    producer: ProducerArgument,
    event_id: Annotated[
        str | None, typer.Argument(metavar="EVENT_ID", help="As `webhook list` shows it; not with --dead.")
    ] = None,
    dead: Annotated[bool, typer.Option("--dead", help="All of this producer that were given up on.")] = False,
) -> None:
    """Have a delivery applied again, whatever became of it. What it says counts once all the same."""
    if dead == (event_id is not None):
        raise UserError("Name one EVENT_ID, or say --dead for all that were given up on.", MISTYPED)
    asyncio.run(_replay(producer, event_id))


async def _replay(producer: str, event_id: str | None) -> None:
    from loyalty.refusals import NotFound
    from loyalty.webhooks.replay import replay_by_hand, replay_dead
    from mipoints.database import opened_database
    from mipoints.sandbox import settings
    from mipoints.wake import Waker

    current = settings()
    async with opened_database(current, seconds=_SECONDS) as db:
        if event_id is None:
            number = await replay_dead(db, producer, ACTOR)
            typer.echo(f"Deliveries of {producer} that will be applied again: {number}.")
        else:
            try:
                await replay_by_hand(db, (producer, event_id), ACTOR)
            except NotFound as error:
                raise _no_such(producer, event_id) from error
            typer.echo(f"{producer} {event_id} will be applied again.")
    wake = Waker(current.redis_url)
    await wake("apply_deliveries", None)
    await wake.close()


def _no_such(producer: str, event_id: str) -> UserError:
    return UserError(f"Nothing of {producer} was kept under {event_id!r}: `mipoints webhook list` shows what was.")
