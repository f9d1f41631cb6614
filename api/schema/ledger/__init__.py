"""A member's history, pending points, verdicts and notices in the API."""
