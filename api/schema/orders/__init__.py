"""Orders in the API: showing and recording them."""
