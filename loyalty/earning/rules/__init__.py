"""Earning's rules: pure functions of plain values."""
