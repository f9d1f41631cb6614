"""`python -m mipoints …` does the same as `mipoints …`."""

from mipoints.cli import app

app(prog_name="mipoints")
