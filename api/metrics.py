"""What is counted, for Prometheus."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from db.producers import WaitingRow

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """One process's counters. Labels hold words of ours only, never what strangers send."""

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

    def show_inbox(self, rows: Iterable[WaitingRow]) -> None:
        """The inbox as it was just read; producers that are not in it are forgotten."""
        self.inbox.clear()
        self.inbox_seconds.clear()
        for row in rows:
            for state in ("received", "parked", "dead"):
                self.inbox.labels(row.producer, state).set(getattr(row, state))
            self.inbox_seconds.labels(row.producer).set(row.oldest_waiting_seconds or 0)

    def text(self) -> bytes:
        """The current values in Prometheus' text format."""
        return generate_latest(self.registry)
