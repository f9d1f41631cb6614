"""Webhooks from shops and carriers: verified, stored, applied; and the health of their producers."""
