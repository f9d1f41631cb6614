"""The ledger's rows: what a decision reads and writes about one member."""
