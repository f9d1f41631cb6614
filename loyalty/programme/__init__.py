"""The programme as data: terms, campaigns and rewards, which are in force."""
