"""The programme as data: terms, campaigns and rewards, as they are in force."""
