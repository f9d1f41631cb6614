"""Members in the API: showing and changing them."""
