"""schema: prints the GraphQL schema, and refuses to overwrite a released schema with a breaking change."""

from pathlib import Path
from typing import Annotated

import typer

from mipoints.problems import UserError, plainly

app = typer.Typer()


@app.command()
@plainly
def schema(
    out: Annotated[str | None, typer.Option("--out", help="Write it to a file, if nothing in it breaks.")] = None,
    breaking: Annotated[bool, typer.Option("--breaking", help="Write it although clients will break.")] = False,
) -> None:
    """Print the GraphQL schema (SDL), as `make schema` keeps it in schema.graphql. Needs no database."""
    from api.schema import schema as ours

    if out is None:
        typer.echo(ours.as_str())
        return
    path = Path(out)
    if path.exists() and not breaking:
        _refuse_breaking(path, ours.as_str())
    path.write_text(ours.as_str() + "\n", "utf-8")


def _refuse_breaking(path: Path, text: str) -> None:
    """Raises Problem if the new schema text would break clients of the schema in the file."""
    from graphql import build_schema
    from graphql.utilities import find_breaking_changes

    changes = find_breaking_changes(build_schema(path.read_text("utf-8")), build_schema(text))
    if changes:
        descriptions = " ".join(change.description for change in changes)
        raise UserError(
            f"Clients of {path} would break: {descriptions} Add beside it and deprecate, or say --breaking."
        )
