"""A member's history, pending points, verdicts and notices, as the API shows them."""
