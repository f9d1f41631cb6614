"""seed and audit: fills the ledger with members and their history, and checks the ledger."""

import asyncio
from typing import Annotated, Any

import typer

from mipoints.problems import FAILED, plainly

app = typer.Typer()


@app.command()
@plainly
def seed(
    members: Annotated[int, typer.Option(min=1, help="How many: seed-1 … seed-N.")],
    entries: Annotated[int, typer.Option(min=1, help="Lines of history each, redemptions included.")] = 20,
    coupons: Annotated[int, typer.Option(min=0, help="Available coupons each.")] = 1,
    orders: Annotated[int, typer.Option(min=0, help="Delivered orders each.")] = 0,
    market: Annotated[str, typer.Option(help="Their market.")] = "ES",
) -> None:
    """Fill the database with members that have a history. Those that are there already stay as they are.

    Redemptions and orders are lines of history too; where they need more lines than --entries, there are more.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from mipoints.console import error_output
    from mipoints.sandbox import settings
    from mipoints.seed_shape import Shape
    from mipoints.seeding import seed as fill

    shape = Shape(entries, coupons, orders)
    columns = (TextColumn("members"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = error_output()
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("members", total=members)
        done = asyncio.run(
            fill(
                settings().database_url,
                members,
                shape,
                market.upper(),
                lambda count: progress.advance(task, count),
            )
        )
    there = f" {done.existing} were there before." if done.existing else ""
    typer.echo(f"Added {done.added} members with {done.entries} lines of history each.{there}")


@app.command()
@plainly
def audit() -> None:
    """Check everything that must hold of the books; exit 0 only when all is sound."""
    if not asyncio.run(_audit()):
        raise typer.Exit(FAILED)


async def _audit() -> bool:
    from mipoints.database import opened_database
    from mipoints.sandbox import settings

    async with opened_database(settings(), seconds=24 * 3600) as db:
        return await db.with_connection(_check_all)


async def _check_all(connection: Any) -> bool:
    """Prints a line for each check, with the rows that fail it below. Returns whether all checks pass."""
    from rich.markup import escape

    from db.audit import SHOWN, audit_size
    from db.audit import audit as checks
    from mipoints.console import output

    console = output()
    members, transfers = await audit_size(connection)
    is_sound = True
    async for check in checks(connection):
        mark = "[green]✓[/]" if check.is_sound else "[red]✗[/]"
        console.print(f"{mark} {check.name}")
        for bad in check.bad:
            console.print(f"    member {bad.member_id}: {escape(bad.what)}")
        if len(check.bad) == SHOWN:
            console.print("    … and perhaps more")
        is_sound &= check.is_sound
    verdict = "sound" if is_sound else "[red]not sound[/]"
    console.print(f"{members} members, {transfers} transfers: the books are {verdict}.")
    return is_sound
