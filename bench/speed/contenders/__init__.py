"""The contenders: how each server is started. One that cannot run here gives a sentence that says why."""
