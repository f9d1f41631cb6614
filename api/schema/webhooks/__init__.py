"""Webhook deliveries for operators: listing and replaying them."""
