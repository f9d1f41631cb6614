"""What the outside may ask: GraphQL, webhooks, health and metrics. No rule and no SQL."""
