"""The programme's terms as data: one dated file per market and version (R2, R22)."""
