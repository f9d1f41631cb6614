"""`python -m mipoints …` is `mipoints …`."""

from mipoints.cli import app

app(prog_name="mipoints")
