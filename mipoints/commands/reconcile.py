"""reconcile: shows parcels without recent news, and stores deliveries whose webhook never arrived."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from mipoints.problems import MISTYPED, UserError, plainly

if TYPE_CHECKING:
    from loyalty.webhooks.reconcile import Missing, Report, SilentParcel

app = typer.Typer()


@app.command()
@plainly
def reconcile(
    after_days: Annotated[
        int | None, typer.Option(min=0, help="Days without news; else MIPOINTS_RECONCILE_AFTER_DAYS.")
    ] = None,
    ask: Annotated[
        bool,
        typer.Option("--ask", help="Ask the producers of MIPOINTS_PRODUCER_KEYS about them, and keep the answers."),
    ] = False,
    delivered: Annotated[
        str | None,
        typer.Option(help="A JSON file as POST /reconciliation takes: what was delivered; keeps what is missing."),
    ] = None,
) -> None:
    """Show parcels that have not ended and of which nobody has said anything for long."""
    asyncio.run(_reconcile(after_days, ask, delivered))


async def _reconcile(after_days: int | None, ask: bool, delivered: str | None) -> None:
    from loyalty.webhooks.ask_producers import Key, ask_about_silent_parcels
    from loyalty.webhooks.reconcile import keep_reports, silent_parcels
    from mipoints.database import opened_database
    from mipoints.sandbox import settings

    current = settings()
    after = timedelta(days=current.reconcile_after_days if after_days is None else after_days)
    if ask and not current.producer_keys:
        raise UserError("There is nobody to ask: set MIPOINTS_PRODUCER_KEYS.")
    async with opened_database(current, seconds=60) as db:
        if delivered is not None:
            _print_missing(await keep_reports(db, _reports(delivered), "mipoints reconcile"))
        if ask:
            keys = {name: Key(*key) for name, key in current.producer_keys.items()}
            typer.echo(f"{await ask_about_silent_parcels(db, keys, after)} answers were kept.")
        _print_silent(await silent_parcels(db, after, most=1000), after)


def _reports(file: str) -> "list[Report]":
    import json
    from pathlib import Path

    from api.reconciliation import reports_of

    try:
        return reports_of(json.loads(Path(file).read_bytes()))
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}.", MISTYPED) from error
    except ValueError as error:
        raise UserError(f"{file} is not JSON: {error}.", MISTYPED) from error


def _print_missing(missing: "list[Missing]") -> None:
    for each in missing:
        name = " ".join(filter(None, (each.report.order_number, each.report.tracking_number)))
        typer.echo(f"missing, now kept: {name}{'' if each.is_order_known else ' (its order is not known)'}")
    typer.echo(f"{len(missing)} deliveries were missing.")


def _print_silent(parcels: "list[SilentParcel]", after: timedelta) -> None:
    for each in parcels:
        parcel = f"parcel {each.tracking_number}" if each.tracking_number else "no parcel known"
        carrier = f" ({each.carrier})" if each.carrier else ""
        last_news = each.heard_at.isoformat(timespec="seconds")
        typer.echo(f"{each.order_number}  {parcel}{carrier}  {each.state}  last heard of {last_news}")
    typer.echo(f"{len(parcels)} parcels without an end and without news for {after.days} days.")
