"""Coupons, as the API shows, issues and reserves them."""
