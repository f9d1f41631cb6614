"""The ledger's rules: pure functions of plain values."""
