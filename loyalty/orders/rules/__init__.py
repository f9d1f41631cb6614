"""The rules of orders: pure functions of plain values."""
