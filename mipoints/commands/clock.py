"""clock: shows the programme's time, and moves it in the sandbox."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer

from mipoints.problems import plainly

app = typer.Typer(no_args_is_help=True, help="The programme's clock (sandbox only).")


@app.command()
@plainly
def now() -> None:
    """Print the programme's moment, RFC 3339."""
    typer.echo(rfc3339(asyncio.run(_now())))


@app.command()
@plainly
def advance(
    duration: Annotated[str, typer.Argument(help="Such as 90s, 5m, 36h, 2d, 13mo, 1y, or a sum: 1d12h.")],
    wait: Annotated[bool, typer.Option("--wait", help="Return when nothing is due any more.")] = False,
) -> None:
    """Move the clock forward for every process, and print the new moment. What became due is done by the workers."""
    asyncio.run(_advance(duration, wait=wait))


def rfc3339(moment: datetime) -> str:
    """Returns an instant as RFC 3339 text in UTC, ending in Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


async def _now() -> datetime:
    from db import clock
    from mipoints.database import opened_database
    from mipoints.sandbox import sandbox_settings

    async with opened_database(sandbox_settings(), role=None) as db:
        return await clock.now(db)


async def _advance(text: str, *, wait: bool) -> None:
    from mipoints.advance_clock import advance_clock, wait_until_done
    from mipoints.database import opened_database
    from mipoints.sandbox import sandbox_settings

    async with opened_database(sandbox_settings(), role=None) as db:
        typer.echo(rfc3339(await advance_clock(db, text)))
        if wait:
            await wait_until_done(db)
