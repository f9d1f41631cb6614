"""Reads the fields of a data file. If a field is invalid, the error's sentence names it."""

from collections.abc import Mapping
from datetime import date, datetime
from fractions import Fraction


class BadDocument(ValueError):
    """A data file that cannot be used; the sentence names the field."""


class Fields:
    """One table of a data file, as TOML or JSON gives it.

    Every reader raises the given error, naming the field.
    """

    def __init__(self, values: Mapping[str, object], error: type[BadDocument], path: str = "") -> None:
        self._values, self._error, self._path = values, error, path
        self._read: set[str] = set()

    def wrong(self, field: str, problem: str) -> BadDocument:
        """The error to raise about a field."""
        return self._error(f"{self._path}{field} {problem}.")

    def get(self, field: str) -> object:
        """A field's value as it is, None where it is absent."""
        self._read.add(field)
        return self._values.get(field)

    def has(self, field: str) -> bool:
        """Whether the table holds a field."""
        return field in self._values

    def text(self, field: str) -> str:
        """A text that is not blank."""
        value = self.get(field)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(field, "must be a text")
        return value

    def one_of(self, field: str, *choices: str) -> str:
        """One of some words."""
        value = self.get(field)
        if not isinstance(value, str) or value not in choices:
            raise self.wrong(field, f"must be one of {', '.join(choices)}")
        return value

    def number(self, field: str, *, at_least: int, at_most: int | None = None) -> int:
        """A whole number within limits. Without `at_most`, the upper limit is that of an integer column."""
        value = self.get(field)
        most = 2**31 - 1 if at_most is None else at_most
        if isinstance(value, bool) or not isinstance(value, int) or not at_least <= value <= most:
            limits = f"at least {at_least}" if at_most is None else f"{at_least} to {at_most}"
            raise self.wrong(field, f"must be a whole number of {limits}")
        return value

    def decimal(self, field: str) -> Fraction:
        """An exact number, given as a whole number, a decimal or a text such as '1.5'."""
        value = self.get(field)
        text = str(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else ""
        try:
            return Fraction(text)
        except (ValueError, ZeroDivisionError):
            raise self.wrong(field, "must be a number") from None

    def date(self, field: str) -> date:
        """A calendar date, as TOML's own or as an ISO text."""
        value = self.get(field)
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            raise self.wrong(field, "must be a date such as 2026-11-22") from None

    def texts(self, field: str, *, or_none: bool = False) -> tuple[str, ...]:
        """A list of texts, each once; empty only where allowed."""
        value = self.get(field)
        if value is None and or_none:
            return ()
        if not isinstance(value, list | tuple) or not all(isinstance(each, str) and each for each in value):
            raise self.wrong(field, "must be a list of texts")
        if len(set(value)) != len(value) or (not value and not or_none):
            raise self.wrong(field, "must name at least one, and each only once")
        return tuple(value)

    def table(self, field: str) -> "Fields":
        """A table inside this one; empty where absent."""
        value = self.get(field)
        if value is not None and not isinstance(value, Mapping):
            raise self.wrong(field, "must be a table")
        return Fields(value or {}, self._error, f"{self._path}{field}.")

    def tables(self, field: str) -> list["Fields"]:
        """A list of tables, at least one."""
        value = self.get(field)
        if not isinstance(value, list | tuple) or not value or not all(isinstance(e, Mapping) for e in value):
            raise self.wrong(field, "must be a list of tables, at least one")
        return [Fields(each, self._error, f"{self._path}{field}[{n}].") for n, each in enumerate(value)]

    def names(self) -> tuple[str, ...]:
        """The fields the table holds."""
        return tuple(self._values)

    def nothing_else(self) -> None:
        """Refuses a field that no reader has read: it is most likely a typing mistake."""
        for field in self._values:
            if field not in self._read:
                raise self.wrong(field, "is not a field of this file")
