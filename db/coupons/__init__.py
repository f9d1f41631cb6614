"""The rows of coupons."""
