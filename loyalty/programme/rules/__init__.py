"""The programme's rules: pure functions of plain values.

No I/O, no clock, no async (shared rules R1 to R71).
"""
