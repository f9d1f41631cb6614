"""The ledger's rows, which a decision about one member reads and writes."""
