"""Webhook deliveries, as operators see and replay them."""
