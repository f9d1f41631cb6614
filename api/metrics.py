"""What is counted, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

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
        self.streams = Gauge(
            "mipoints_streams",
            "WebSocket connections and event streams open now.",
            registry=self.registry,
        )
        self.seconds = Histogram(
            "mipoints_request_seconds",
            "How long requests took, by route.",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )

    def text(self) -> bytes:
        """The current values in Prometheus' text format."""
        return generate_latest(self.registry)
