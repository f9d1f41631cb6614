"""The command line: collects the commands of all groups. `mipoints --help` lists them."""

import typer

from mipoints.commands import (
    campaigns,
    clock,
    deliveries,
    documents,
    errors,
    outgoing,
    processes,
    sandbox,
    schema,
    sentences,
    terms,
    tokens,
    webhooks,
    why,
)
from mipoints.commands import reconcile as reconciliation
from mipoints.commands import seed_and_audit as ledger

app = typer.Typer(
    name="mipoints",
    help="The Mi Points programme: a ledger of points, a GraphQL API and the workers behind it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

for group in (sandbox, processes, tokens, ledger, reconciliation, schema, errors, sentences, why):
    app.registered_commands.extend(group.app.registered_commands)
webhooks.app.registered_commands.extend(deliveries.app.registered_commands)
app.add_typer(clock.app, name="clock")
app.add_typer(webhooks.app, name="webhook")
app.add_typer(outgoing.app, name="outgoing")
app.add_typer(campaigns.app, name="campaign")
app.add_typer(terms.app, name="terms")
app.add_typer(documents.app, name="documents")
