"""Our outgoing webhooks about members' points: signed, each event sent at least once (docs/outgoing.md)."""
