"""The rows of webhook deliveries and of their producers."""
