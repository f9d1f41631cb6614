"""token: prints a bearer token for a member or a service, in the sandbox only."""

from typing import Annotated

import typer

from mipoints.problems import MISTYPED, UserError, plainly

app = typer.Typer()


@app.command()
@plainly
def token(
    member: Annotated[str | None, typer.Option(metavar="MI_ID", help="A member, by Mi account id.")] = None,
    market: Annotated[str | None, typer.Option(help="The market the member's account is in.")] = None,
    scope: Annotated[str | None, typer.Option(help="A service: storefront, operator, auditor.")] = None,
    name: Annotated[str | None, typer.Option(help="The service's name; its scope if not given.")] = None,
    seconds: Annotated[int, typer.Option(help="How long it is valid; below zero, it has expired.")] = 24 * 3600,
) -> None:
    """Print a bearer token (sandbox only): --member MI_ID, or --scope operator."""
    from loyalty.tokens import check_scope, issue
    from mipoints.sandbox import sandbox_settings

    if member is not None and not member:
        raise UserError("A Mi account id has at least one character.", MISTYPED)
    if scope is not None:
        check_scope(scope)
    typer.echo(issue(sandbox_settings(), member=member, scope=scope, name=name, seconds=seconds, market=market))
