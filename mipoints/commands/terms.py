"""terms: shows, compares, checks and loads the programme's dated terms."""

import asyncio
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mipoints.problems import FAILED, MISTYPED, UserError, plainly

if TYPE_CHECKING:
    from loyalty.programme.rules.terms import Terms

app = typer.Typer(no_args_is_help=True, help="Terms: what a market's points are worth and how they are earned.")

Shipped = Annotated[bool, typer.Option("--shipped", help="The shipped files instead of the database.")]


@app.command()
@plainly
def show(
    market: Annotated[str, typer.Argument(help="Two letters, such as ES.")],
    on: Annotated[str | None, typer.Option("--on", help="A day such as 2025-06-17; else today.")] = None,
    shipped: Shipped = False,
) -> None:
    """Print a market's terms: those in force on a day, its versions, and every setting."""
    from loyalty.programme.rules.calendar import local_day
    from mipoints.console import print_table
    from mipoints.terms_text import settings_of

    day = _day(on)
    versions, now = _of_market(market, shipped)
    day = day or local_day(now, versions[-1].zone)
    begun = [terms for terms in versions if terms.effective_from <= day]
    if not begun:
        raise UserError(f"{market.upper()} has no terms on {day}; the first begin on {versions[0].effective_from}.")
    shown = begun[-1]
    print_table(("setting", shown.version), list(settings_of(shown).items()))
    listed = ", ".join(f"{terms.version} (from {terms.effective_from})" for terms in versions)
    typer.echo(f"Versions of {shown.market}: {listed}.")


@app.command()
@plainly
def diff(
    market: Annotated[str, typer.Argument(help="Two letters, such as GB.")],
    version: Annotated[str, typer.Argument(help="A version, such as gb-2020-01-01.")],
    other: Annotated[str, typer.Argument(help="Another one, such as gb-2025-06-17.")],
    shipped: Shipped = False,
) -> None:
    """Print the settings in which two versions of a market's terms differ."""
    from mipoints.console import print_table
    from mipoints.terms_text import differences

    versions, _ = _of_market(market, shipped)
    one, two = _called(versions, version), _called(versions, other)
    rows = differences(one, two)
    if not rows:
        typer.echo(f"{one.version} and {two.version} do not differ.")
        return
    print_table(("setting", one.version, two.version), rows)


@app.command()
@plainly
def check(
    files: Annotated[list[str] | None, typer.Argument(help="Terms or campaign files; else all shipped.")] = None,
) -> None:
    """Check files of terms and campaigns against their schema; exit 0 only when all are sound. Needs no database."""
    from mipoints.data_files import check_files, check_shipped_files

    checked = check_files(files) if files else check_shipped_files()
    for line in checked.sound:
        typer.echo(f"sound: {line}")
    for line in checked.wrong:
        typer.echo(line, err=True)
    if checked.wrong:
        raise typer.Exit(FAILED)


@app.command()
@plainly
def load(file: Annotated[str, typer.Argument(help="A TOML file of one version of a market's terms.")]) -> None:
    """Load one more version of terms, or a new market's first, with its rewards. A version is never rewritten."""
    from mipoints.data_files import document_of

    added = asyncio.run(_load(document_of(Path(file))))
    for name in added:
        typer.echo(f"loaded {name}")
    if not added:
        typer.echo("Nothing to do: this version is loaded already.")


async def _load(document: dict[str, object]) -> list[str]:
    from loyalty.programme.load import load_terms
    from mipoints.database import opened_database
    from mipoints.sandbox import settings

    async with opened_database(settings(), role=None) as db:
        return await db.with_connection(lambda connection: load_terms(connection, document))


def _of_market(market: str, shipped: bool) -> "tuple[tuple[Terms, ...], datetime]":
    """Returns a market's versions, oldest first, and the current time. The time is the programme's, or this machine's
    if `shipped`: the shipped files are read without a database."""
    from loyalty.programme.files import shipped_terms
    from loyalty.programme.rules.terms import by_market
    from loyalty.programme.rules.terms_document import terms_from

    if shipped:
        known, now = by_market(terms_from(each) for each in shipped_terms()), datetime.now(UTC)
    else:
        known, now = asyncio.run(_loaded())
    if market.upper() not in known:
        raise UserError(f"{market.upper()} is no open market: there are {', '.join(sorted(known))}.", MISTYPED)
    return known[market.upper()], now


async def _loaded() -> "tuple[dict[str, tuple[Terms, ...]], datetime]":
    from db import clock
    from loyalty.programme.catalogue import catalogue_now
    from mipoints.database import opened_database
    from mipoints.sandbox import settings

    async with opened_database(settings()) as db:
        return dict((await catalogue_now(db)).terms), await clock.now(db)


def _called(versions: "tuple[Terms, ...]", name: str) -> "Terms":
    for terms in versions:
        if terms.version == name:
            return terms
    names = ", ".join(terms.version for terms in versions)
    raise UserError(f"{versions[0].market} has no version {name}: there are {names}.", MISTYPED)


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text is not None else None
    except ValueError:
        raise UserError(f"{text} is no date such as 2025-06-17.", MISTYPED) from None
