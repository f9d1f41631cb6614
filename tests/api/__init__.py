"""Tests of the API, part by part. Parts that need no database are tested without one."""
