"""webhook: sends a signed webhook as its producer would."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from mipoints.problems import FAILED, MISTYPED, UserError, plainly

app = typer.Typer(no_args_is_help=True, help="Webhooks, as their producers send them.")


@app.callback()
def group() -> None:
    """Webhooks, as their producers send them."""


@app.command()
@plainly
def send(
    producer: Annotated[str, typer.Argument(help="Who sends it: native, easypost …; docs/webhooks.md has them all.")],
    file: Annotated[str, typer.Argument(help="The body, sent byte for byte; - is standard input.")],
    secret: Annotated[str | None, typer.Option(help="What to sign with; else the first of the settings.")] = None,
    url: Annotated[str | None, typer.Option(help="The whole address; else this machine's server.")] = None,
    event_id: Annotated[str | None, typer.Option("--id", help="The webhook-id; else it follows from the body.")] = None,
) -> None:
    """Sign a file and send it. Sending it twice is sending the same event twice. Exit 0 when it was accepted."""
    if not asyncio.run(_send(producer, _body(file), secret, url, event_id)):
        raise typer.Exit(FAILED)


def _body(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}.", MISTYPED) from error


async def _send(producer: str, body: bytes, secret: str | None, url: str | None, event_id: str | None) -> bool:
    """Sends the body, prints status and body of the response, and returns whether the server accepted it."""
    from mipoints.client import new_http, post
    from mipoints.sandbox import sandbox_url, settings
    from mipoints.signing import first_secret, signed_headers

    headers = signed_headers(producer, secret or first_secret(producer, settings().webhook_secrets), body, event_id)
    async with new_http() as http:
        answer = await post(http, url or f"{sandbox_url()}/webhooks/{producer}", content=body, headers=headers)
    typer.echo(f"{answer.status_code} {answer.reason_phrase}")
    typer.echo(answer.text)
    return answer.is_success
