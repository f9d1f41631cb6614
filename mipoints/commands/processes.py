"""serve, worker, migrate: runs the processes of the programme."""

from typing import Annotated

import typer

from mipoints.problems import plainly

app = typer.Typer()


@app.command()
@plainly
def migrate() -> None:
    """Bring the database up to date: the schema, the shipped terms and the catalogue, and nothing else."""
    import asyncio

    from mipoints.migrating import bring_up_to_date
    from mipoints.sandbox import settings

    done = asyncio.run(bring_up_to_date(settings(), lambda sentence: typer.echo(sentence, err=True)))
    for name in done.migrations:
        typer.echo(f"applied {name}")
    for name in done.terms:
        typer.echo(f"loaded {name}")
    if not done.migrations and not done.terms:
        typer.echo("Nothing to do: the database is up to date.")


@app.command()
@plainly
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="MIPOINTS_PORT", help="The port to listen on.", min=0, max=65535)] = 8000,
    i_know: Annotated[
        bool, typer.Option("--i-know", help="A sandbox may listen on any address, and answer under any name.")
    ] = False,
) -> None:
    """Answer the API: GraphQL, webhooks, health, metrics. SIGTERM ends it gracefully."""
    import gc

    gc.disable()  # what is loaded here stays: searching it for garbage is a tenth of the start
    try:
        import uvloop

        from loyalty.settings import check_for_serving
        from mipoints.listening import check_is_loopback, listen
        from mipoints.logs import log_to_stderr
        from mipoints.sandbox import settings
        from mipoints.serving import serve as answer
    finally:
        gc.enable()

    current = settings()
    check_for_serving(current)
    if current.sandbox and not i_know:
        check_is_loopback(host)
    log_to_stderr()
    metrics = listen(host, current.metrics_port) if current.metrics_port is not None else None
    uvloop.run(answer(current, listen(host, port), metrics, any_host=i_know or not current.sandbox))


@app.command()
@plainly
def worker() -> None:
    """Do what becomes due: credit promises, apply webhooks. SIGTERM ends it gracefully; several may run."""
    import uvloop

    from mipoints.logs import log_to_stderr
    from mipoints.sandbox import settings
    from workers.run import run_worker

    current = settings()
    log_to_stderr()
    uvloop.run(run_worker(current))
