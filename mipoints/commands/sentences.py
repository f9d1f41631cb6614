"""sentences: prints the sentence of every verdict in every language."""

from pathlib import Path
from typing import Annotated

import typer

from mipoints.problems import plainly

app = typer.Typer()


@app.command()
@plainly
def sentences(out: Annotated[str | None, typer.Option("--out", help="Write it to a file.")] = None) -> None:
    """Print what members read about every kind of verdict, as `make sentences` keeps it in docs/sentences.md."""
    from mipoints.sentences_document import sentences_document

    if out is None:
        typer.echo(sentences_document(), nl=False)
    else:
        Path(out).write_text(sentences_document(), "utf-8")
