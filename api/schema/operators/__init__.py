"""What operators do through the API."""
