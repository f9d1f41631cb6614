"""Campaign files an operator can load: local days per market (R21)."""
