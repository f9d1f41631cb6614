"""campaign: loads data files of campaigns, and lists all campaigns."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from mipoints.problems import plainly

if TYPE_CHECKING:
    from datetime import datetime

    from loyalty.programme.rules.campaigns import Campaign

app = typer.Typer(no_args_is_help=True, help="Campaigns: what adds to points for a while.")


@app.command()
@plainly
def load(
    file: Annotated[str, typer.Argument(help="A TOML file, or a shipped one: members_week_2022.")],
) -> None:
    """Load a file's campaigns, all or none. Loading it again changes nothing."""
    from mipoints.data_files import campaign_document

    asyncio.run(_load(campaign_document(file)))


async def _load(document: dict[str, object]) -> None:
    from loyalty.operators.load_campaigns import load_campaigns
    from mipoints.database import opened_database
    from mipoints.sandbox import settings

    async with opened_database(settings()) as db:
        for campaign, is_new in await load_campaigns(db, document, "mipoints campaign load"):
            markets = " ".join(sorted(campaign.markets))
            typer.echo(f"{'loaded' if is_new else 'known already:'} {campaign.name} ({markets})")


@app.command("list")
@plainly
def list_() -> None:
    """Show every campaign, past ones included, soonest first."""
    asyncio.run(_list())


async def _list() -> None:
    from db import clock
    from loyalty.programme.catalogue import catalogue_now
    from mipoints.console import print_table
    from mipoints.database import opened_database
    from mipoints.sandbox import settings

    async with opened_database(settings()) as db:
        campaigns = (await catalogue_now(db)).campaigns
        now = await clock.now(db)
    if not campaigns:
        typer.echo("There are no campaigns. `mipoints campaign load members_week_2022` loads one.")
        return
    rows = [_row(each, now) for each in sorted(campaigns, key=lambda each: (each.starts_at, each.name))]
    print_table(("campaign", "markets", "effect", "for", "from", "until", "state"), rows)


def _row(campaign: "Campaign", now: "datetime") -> tuple[str, ...]:
    effect = f"x {float(campaign.factor):g}" if campaign.factor is not None else f"+ {campaign.bonus}"
    products = f" ({', '.join(sorted(campaign.product_ids))})" if campaign.product_ids else ""
    return (
        campaign.name,
        " ".join(sorted(campaign.markets)),
        effect,
        " ".join(sorted(campaign.kinds)) + products,
        f"{campaign.starts_at:%Y-%m-%d %H:%M}Z",
        f"{campaign.over_at:%Y-%m-%d %H:%M}Z",
        _state(campaign, now),
    )


def _state(campaign: "Campaign", now: "datetime") -> str:
    if campaign.ended_at is not None:
        return "ended"
    if campaign.over_at <= now:
        return "over"
    return "running" if campaign.starts_at <= now else "announced"
