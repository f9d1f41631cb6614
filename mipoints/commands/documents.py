"""documents: writes and checks the manifest of the app's operations, in the format of Apollo's persisted queries."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mipoints.problems import UserError, plainly

if TYPE_CHECKING:
    from collections.abc import Mapping

app = typer.Typer(no_args_is_help=True, help="Trusted documents: the app's operations, by id.")

Folder = Annotated[str | None, typer.Argument(help="A folder of .graphql files; else the shipped operations.")]


@app.command()
@plainly
def write(folder: Folder = None) -> None:
    """Make the manifest of a folder's operations, FOLDER/manifest.json, once all are valid. Needs no database."""
    path, text = _made(folder)
    path.write_text(text, "utf-8")
    typer.echo(f"Written: {path}.")


@app.command()
@plainly
def check(folder: Folder = None) -> None:
    """Check that all operations of a folder are valid and its manifest is what `write` makes. Needs no database."""
    path, text = _made(folder)
    if path.read_text("utf-8") != text:
        raise UserError(f"{path} is not what its operations are: run `mipoints documents write`.")
    typer.echo(f"sound: {path}")


def _made(folder: str | None) -> tuple[Path, str]:
    from api.documents import Documents
    from api.manifest import documents_in, manifest_of, manifest_text
    from api.schema import schema
    from api.trusted import FOLDER, MANIFEST, pin_all

    place = Path(folder) if folder is not None else FOLDER
    text = manifest_text(manifest_of(_files(place)))
    pin_all(Documents(schema._schema), documents_in(text))
    return place / MANIFEST, text


def _files(place: Path) -> "Mapping[str, str]":
    files = {path.name: path.read_text("utf-8") for path in place.glob("*.graphql")}
    if not files:
        raise UserError(f"There are no .graphql files in {place}.")
    return files
