"""outgoing: manages the endpoints of outgoing webhooks, shows their deliveries, and sends deliveries again."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from uuid import UUID

import typer

from mipoints.problems import FAILED, MISTYPED, UserError, plainly

if TYPE_CHECKING:
    from db.pool import Database

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, help="Outgoing webhooks: endpoints, deliveries, sending again.")

_Id = Annotated[str, typer.Argument(metavar="ENDPOINT", help="The endpoint's id; `list` shows it.")]


@app.callback()
def group() -> None:
    """Outgoing webhooks: endpoints, deliveries, sending again."""


@app.command()
@plainly
def add(
    url: Annotated[str, typer.Argument(help="Where events go: https, and a public address.")],
    type_: Annotated[list[str] | None, typer.Option("--type", help="A type it wants; may repeat. Else all.")] = None,
) -> None:
    """Tell an endpoint of what happens from now on. Prints its id and its secret, which is not shown again."""
    from loyalty.outgoing.events import TYPES

    endpoint_id, secret = asyncio.run(_add(url, type_ or list(TYPES)))
    typer.echo(f"endpoint {endpoint_id}")
    typer.echo(f"secret   {secret}")


async def _add(url: str, types: list[str]) -> tuple[UUID, str]:
    from loyalty.outgoing.addresses import reach_of
    from loyalty.outgoing.endpoints import add_endpoint
    from loyalty.outgoing.sender import Sender
    from mipoints.sandbox import settings

    sender = Sender(reach_of(settings()))
    try:
        return await _with_database(lambda db: add_endpoint(db, sender, url, types, _actor("add")))
    finally:
        await sender.close()


@app.command("list")
@plainly
def list_() -> None:
    """Show every endpoint, what it wants and how it answers. Secrets are not shown."""
    from db.outgoing.endpoints import all_endpoints
    from mipoints.console import print_table

    endpoints = _run(all_endpoints)
    if not endpoints:
        typer.echo("There is no endpoint. `mipoints outgoing add URL` adds one.")
        return
    print_table(
        ("endpoint", "url", "types", "state", "secrets", "delivered", "failed", "last error"),
        [_endpoint_row(each) for each in endpoints],
    )


def _endpoint_row(endpoint: dict[str, Any]) -> tuple[str, ...]:
    rests = f" (rests until {endpoint['rests_until']:%H:%M:%S}Z)" if endpoint["rests_until"] else ""
    return (
        str(endpoint["endpoint_id"]),
        endpoint["url"],
        " ".join(endpoint["types"]),
        endpoint["state"] + rests,
        str(endpoint["secrets"]),
        str(endpoint["delivered"]),
        str(endpoint["failed"]),
        endpoint["last_error"] or "",
    )


@app.command()
@plainly
def pause(endpoint: _Id) -> None:
    """Send it nothing for a while; what happens meanwhile is kept for it."""
    from loyalty.outgoing.endpoints import pause_endpoint

    _run(lambda db: pause_endpoint(db, _uuid(endpoint), _actor("pause")))


@app.command()
@plainly
def resume(endpoint: _Id) -> None:
    """Send to it again: one that was paused, that answered 410, or that rests after failures."""
    from loyalty.outgoing.endpoints import resume_endpoint

    _run(lambda db: resume_endpoint(db, _uuid(endpoint), _actor("resume")))


@app.command()
@plainly
def remove(endpoint: _Id) -> None:
    """Tell it nothing any more, for good. What waits for it is given up on, its secrets are forgotten."""
    from loyalty.outgoing.endpoints import remove_endpoint

    _run(lambda db: remove_endpoint(db, _uuid(endpoint), _actor("remove")))


@app.command()
@plainly
def rotate(
    endpoint: _Id,
    finish: Annotated[bool, typer.Option("--finish", help="Only the newest secret signs from now on.")] = False,
) -> None:
    """Give it a new secret, printed once. Both sign until --finish, so the receiver can change over in peace."""
    from loyalty.outgoing.endpoints import drop_old_secrets, rotate_secret

    if finish:
        dropped = _run(lambda db: drop_old_secrets(db, _uuid(endpoint), _actor("rotate")))
        typer.echo(f"{dropped} old secrets do not sign any more.")
    else:
        typer.echo(f"secret   {_run(lambda db: rotate_secret(db, _uuid(endpoint), _actor('rotate')))}")


@app.command()
@plainly
def deliveries(
    state: Annotated[str | None, typer.Option(help="waiting, delivered, dead or dropped.")] = None,
    endpoint: Annotated[str | None, typer.Option(help="Of this endpoint only.")] = None,
    most: Annotated[int, typer.Option(min=1, max=10_000, help="How many.")] = 50,
) -> None:
    """Show events and what became of them, newest first."""
    from db.outgoing.events import outgoing_newest_first
    from mipoints.console import print_table

    if state is not None and state.upper() not in ("WAITING", "DELIVERED", "DEAD", "DROPPED"):
        raise UserError("A delivery is waiting, delivered, dead or dropped.", MISTYPED)
    of = _uuid(endpoint) if endpoint else None
    rows = _run(lambda db: outgoing_newest_first(db, state.upper() if state else None, of, most))
    headers = ("event", "endpoint", "type", "member", "number", "state", "attempts", "next or delivered", "error")
    print_table(headers, [_delivery_row(each) for each in rows])


def _delivery_row(delivery: dict[str, Any]) -> tuple[str, ...]:
    from loyalty.outgoing.events import event_name

    moment = delivery["due_at"] if delivery["state"] == "WAITING" else delivery["delivered_at"]
    return (
        event_name(delivery["event_id"]),
        str(delivery["endpoint_id"]),
        delivery["type"],
        delivery["mi_id"] or "(erased)",
        str(delivery["sequence"]),
        delivery["state"],
        str(delivery["attempts"]),
        f"{moment:%Y-%m-%d %H:%M:%S}Z" if moment else "",
        delivery["error"] or "",
    )


@app.command()
@plainly
def replay(
    event: Annotated[str | None, typer.Argument(help="A webhook-id, such as evt_….")] = None,
    endpoint: Annotated[str | None, typer.Option(help="To this endpoint only.")] = None,
    dead: Annotated[bool, typer.Option("--dead", help="Everything dead of --endpoint.")] = False,
) -> None:
    """Send an event again under its old id, delivered or dead; or, with --dead, all that is dead of an endpoint."""
    from loyalty.outgoing.endpoints import replay as again
    from loyalty.outgoing.events import event_named

    if (event is None) == (not dead) or (dead and endpoint is None):
        raise UserError("Name an event, or an endpoint with --endpoint ID --dead.", MISTYPED)
    event_id = event_named(event) if event is not None else None
    if event is not None and event_id is None:
        raise UserError(f"{event} is no event's id, such as evt_0197f3c28d7b7f0e9a6f3c2b1a0d9e8f.", MISTYPED)
    to = _uuid(endpoint) if endpoint else None
    count = _run(lambda db: again(db, _actor("replay"), event_id=event_id, endpoint_id=to))
    typer.echo(f"{count} deliveries are sent again.")
    if event is not None and not count:
        raise typer.Exit(FAILED)


def _actor(command: str) -> str:
    return f"mipoints outgoing {command}"


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise UserError(f"{text} is no endpoint's id; `mipoints outgoing list` shows them.", MISTYPED) from None


def _run(work: "Callable[[Database], Awaitable[T]]") -> T:
    return asyncio.run(_with_database(work))


async def _with_database(work: "Callable[[Database], Awaitable[T]]") -> T:
    from mipoints.database import opened_database
    from mipoints.sandbox import settings

    async with opened_database(settings()) as db:
        return await work(db)
