"""Coupons: bought with points, reserved and spent at checkout, expired."""
