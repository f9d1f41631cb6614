"""The ledger: decisions about members, and the transfers of points that they write."""
