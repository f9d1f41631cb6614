"""The HTTP interface: GraphQL, webhooks, health and metrics. It holds no rule and no SQL."""
