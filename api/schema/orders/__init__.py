"""Orders, as the API shows and records them."""
