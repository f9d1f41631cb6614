"""The ledger: how points move, and what follows from it."""
