"""why: tells support what was decided for a member, or about one order or coupon, and why."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from mipoints.problems import UserError, plainly

if TYPE_CHECKING:
    from loyalty.support.why import Explanation, SupportQuestion

app = typer.Typer()


@app.command()
@plainly
def why(
    member: Annotated[str, typer.Argument(help="The Mi account id.")],
    order: Annotated[str | None, typer.Option(help="Only about this order.")] = None,
    coupon: Annotated[str | None, typer.Option(help="Only about this coupon, by its code.")] = None,
) -> None:
    """Say what was decided for a member and why, newest first."""
    from loyalty.support.why import SupportQuestion
    from mipoints.console import plain

    found = asyncio.run(_why(SupportQuestion(member, order, coupon)))
    if found is None:
        raise UserError(f"Nothing is known under the Mi account {member!r}.")
    for each in found:
        typer.echo(f"{each.at:%Y-%m-%d %H:%M:%S}Z  {each.source:<9}  {plain(each.sentence)}")


async def _why(question: "SupportQuestion") -> "list[Explanation] | None":
    from loyalty.programme.programme import Programme
    from loyalty.support.why import why as explain
    from mipoints.database import opened_database
    from mipoints.sandbox import settings

    current = settings()
    async with opened_database(current, seconds=60) as db:
        return await explain(Programme.of(db, current), question, "en")
