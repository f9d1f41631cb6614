"""The rows of memberships."""
