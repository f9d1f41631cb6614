"""The rows that operators read."""
