"""The rows of orders and of facts about them."""
