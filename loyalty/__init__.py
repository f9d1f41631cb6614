"""The business: operations are verbs (earn, credit, settle, redeem …), `rules/` is pure, `terms/` is data."""
