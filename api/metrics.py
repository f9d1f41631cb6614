"""The metrics of one process, for Prometheus."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from db.webhooks.health import WaitingRow

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_OUTGOING = {
    "waiting": "Outgoing webhooks that wait for their next attempt.",
    "dead": "Outgoing webhooks that were given up on and not replayed.",
    "delivered": "Outgoing webhooks that were accepted, since the endpoint was added.",
    "failed": "Attempts that were not accepted, since the endpoint was added.",
    "failures": "Rounds in a row in which the endpoint accepted nothing; 0 is well.",
    "oldest_seconds": "For how long the oldest one that waits has been tried.",
}


class Metrics:
    """The counters of one process. Labels hold values of ours only, never text that a client sent."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.graphql = Counter(
            "mipoints_graphql_requests",
            "GraphQL requests by kind of operation and outcome (ok, refused, or an error's code).",
            ["kind", "outcome"],
            registry=self.registry,
        )
        self.webhooks = Counter(
            "mipoints_webhook_deliveries",
            "Webhook deliveries by producer and outcome.",
            ["producer", "outcome"],
            registry=self.registry,
        )
        self.streams = Gauge(
            "mipoints_streams",
            "WebSocket connections and event streams open now.",
            registry=self.registry,
        )
        self.pings = Counter(
            "mipoints_webhook_pings",
            "Pings, with which producers try their signatures, by producer and HTTP status.",
            ["producer", "status"],
            registry=self.registry,
        )
        self.inbox = Gauge(
            "mipoints_inbox_deliveries",
            "Deliveries that wait (received, parked) or were given up on (dead), by producer; of the whole programme.",
            ["producer", "state"],
            registry=self.registry,
        )
        self.inbox_seconds = Gauge(
            "mipoints_inbox_oldest_unapplied_seconds",
            "For how long the oldest delivery has waited to be applied, by producer; of the whole programme.",
            ["producer"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "mipoints_request_seconds",
            "How long requests took, by route.",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._operations: dict[tuple[str, str], Counter] = {}
        self.graphql_seconds = self.seconds.labels("/graphql")
        self.outgoing = {name: self._of_endpoints(name, help_) for name, help_ in _OUTGOING.items()}

    def count_operation(self, kind: str, outcome: str) -> None:
        """Counts one GraphQL request. Kinds and outcomes are few, and their counters are looked up once."""
        counter = self._operations.get((kind, outcome))
        if counter is None:
            counter = self._operations[kind, outcome] = self.graphql.labels(kind, outcome)
        counter.inc()

    def show_outgoing(self, backlog: Sequence[Mapping[str, Any]]) -> None:
        """Replaces the gauges of all endpoints by these rows; an endpoint that was removed has no gauge any more."""
        for name, gauge in self.outgoing.items():
            gauge.clear()
            for endpoint in backlog:
                gauge.labels(endpoint["endpoint_id"]).set(endpoint[name])

    def _of_endpoints(self, name: str, help_: str) -> Gauge:
        return Gauge(f"mipoints_outgoing_{name}", help_, ["endpoint"], registry=self.registry)

    def show_inbox(self, rows: Iterable[WaitingRow]) -> None:
        """Replaces the gauges of all producers by these rows; a producer without deliveries has no gauge."""
        self.inbox.clear()
        self.inbox_seconds.clear()
        for row in rows:
            for state in ("received", "parked", "dead"):
                self.inbox.labels(row.producer, state).set(getattr(row, state))
            self.inbox_seconds.labels(row.producer).set(row.oldest_waiting_seconds or 0)

    def text(self) -> bytes:
        """The current values in Prometheus' text format."""
        return generate_latest(self.registry)
