"""errors: prints the document of all error codes that clients can receive."""

from pathlib import Path
from typing import Annotated

import typer

from mipoints.problems import plainly

app = typer.Typer()


@app.command()
@plainly
def errors(out: Annotated[str | None, typer.Option("--out", help="Write it to a file.")] = None) -> None:
    """Print every code a client can meet and what to do, as `make errors` keeps it in docs/errors.md."""
    from mipoints.errors_document import errors_document

    if out is None:
        typer.echo(errors_document(), nl=False)
    else:
        Path(out).write_text(errors_document(), "utf-8")
