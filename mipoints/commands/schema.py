"""schema: the GraphQL schema in words."""

import typer

from mipoints.problems import plainly

app = typer.Typer()


@app.command()
@plainly
def schema() -> None:
    """Print the GraphQL schema (SDL), as `make schema` keeps it in schema.graphql. Needs no database."""
    from api.schema import schema as ours

    typer.echo(ours.as_str())
