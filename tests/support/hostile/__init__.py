"""Honest, odd and hostile requests, for tests and benchmarks."""
