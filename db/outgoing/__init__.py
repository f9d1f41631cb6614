"""The rows of outgoing events and their endpoints."""
