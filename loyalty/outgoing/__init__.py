"""Telling others what happens to members' points: signed webhooks, each event at least once (docs/outgoing.md)."""
