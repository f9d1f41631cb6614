"""dev and tour: runs the whole programme on this machine, and plays an example story against it."""

from typing import Annotated

import typer

from mipoints.problems import plainly

app = typer.Typer()


@app.command()
@plainly
def dev(
    port: Annotated[int, typer.Option(envvar="MIPOINTS_PORT", help="Where the API listens.", min=1, max=65535)] = 8000,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the sandbox's data first.")] = False,
) -> None:
    """Run everything on this machine: Postgres, Redis, API, worker, with a small demo programme."""
    from mipoints.dev import run

    run(port, fresh=fresh)


@app.command()
@plainly
def tour(
    url: Annotated[str | None, typer.Option(help="The running server; else this checkout's sandbox.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Only the lines of the story.")] = False,
) -> None:
    """Play the programme's story against a running sandbox: join, collect, buy, return, redeem."""
    import asyncio

    from mipoints.sandbox import sandbox_settings, sandbox_url
    from mipoints.tour import play

    asyncio.run(play((url or sandbox_url()).rstrip("/"), sandbox_settings(), quick=quick))
