"""A problem of an input: the field that is wrong, and why."""

InputPath = tuple[str, ...]
"""The names that lead to a field of the input."""

InputProblem = tuple[InputPath, str]
"""A field, and a sentence for the caller about it."""
