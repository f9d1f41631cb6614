"""The rules of operators: pure functions of plain values."""
