"""The rules of membership: pure functions of plain values."""
