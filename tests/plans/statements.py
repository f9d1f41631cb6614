"""Every statement of the product, and those whose plans may grow with a table, each with its reason."""

from db.ledger.record import LISTS
from db.ledger.record_statement import credit_statement, parts, record_statement
from db.queries import all_queries

AUDIT = "`mipoints audit` compares whole tables with each other"
SEED = "`mipoints seed` fills a sandbox"
REPORT = "a report for operators, about the whole programme"
HEALTH = "a view for operators, which counts what waits and the last days' deliveries"
METRICS = "metrics, which count what waits"
COMMAND = "a command of operators, which changes every row that it reads"

OFF_THE_HOT_PATHS = {
    **{name: AUDIT for name in all_queries() if name.startswith("audit_")},
    "analysis_of_filled_tables": SEED,
    "clock_work_due": "the sandbox's clock counts all due work before it moves on",
    "points_as_of": REPORT,
    "lots_as_of": REPORT,
    "coupons_as_of": REPORT,
    "producers_now": HEALTH,
    "producers_troubles": HEALTH,
    "inbox_waiting": METRICS,
    "outgoing_backlog": METRICS,
    "endpoint_recovered": COMMAND,
    "replay_dead": COMMAND,
    "replay_dead_deliveries": COMMAND,
}
"""Queries that no request of a member or a storefront, no webhook and no look of the sweeper runs."""

OWNERS = frozenset({"clock_advance", "clock_start_at", "save_terms", "seed_members"})
"""Queries that need the owner's rights."""

MAY_GROW = {
    ("unpark_known", "inbox"): "looks at every parked delivery; they wait 90 days at most",
    ("mark_parked_dead", "inbox"): "looks at every parked delivery; they wait 90 days at most",
    ("silent_orders", "promises"): "looks at every open promise of that age, to find the longest silent ones",
    ("orders_to_ask", "promises"): "looks at every open promise of that age, to find those asked about longest ago",
    ("orders_to_give_up", "promises"): "looks at every open promise of that age, to find the longest silent ones",
    ("adjusted_lately", "operator_log"): "one operator's own adjustments of a day",
    ("forget_rejections", "webhook_rejections"): "deletes every row that it reads",
    ("seed_missing", "mi_accounts"): "`mipoints seed` asks which of its members are there",
    ("export_member", "requests"): "one member's own requests",
    (
        "outgoing_newest_first",
        "outgoing",
    ): "an operator's list, for which the planner assumes a limit of a tenth of all rows",
}
"""Tables of which a statement of a hot path may read more the more rows there are of one kind."""

SEEN_BY_NO_PLAN = frozenset({"audit_chains"})
"""Of the queries off the hot paths, those that read within a function of the audit's."""

WHOLE_WHILE_NEW = frozenset({"outgoing_newest_first", "seed_missing"})
"""What reads a whole table until it is analysed for the first time: an operator's list, and `mipoints seed`."""


def hot_statements() -> dict[str, str]:
    """Every statement of the hot paths by name: all named queries but those above, and what `record` is built of: each
    list of changes alone and beside transfers, lots that get points and lose them with and without notices, everything,
    and crediting."""
    named = {name: text for name, text in all_queries().items() if name not in OFF_THE_HOT_PATHS.keys() | OWNERS}
    alone = {f"record {name}": record_statement(frozenset({name})) for name in LISTS if name != "coupons"}
    beside = {f"record transfers, {name}": record_statement(frozenset({"transfers", name})) for name in LISTS}
    effects = frozenset(name for part in parts() for name in part.lists) - {"promises due", *LISTS}
    whole = {
        "record lots": record_statement(effects | {"transfers"}),
        "record lots and notices": record_statement(effects | {"transfers", "noticed_lots"}),
        "record nothing": record_statement(frozenset()),
        "record all": record_statement(effects | frozenset(LISTS)),
        "credit": credit_statement(),
    }
    return named | alone | beside | whole
