"""The rules of coupons: pure functions of plain values."""
