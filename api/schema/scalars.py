"""The contract's scalars: input is read strictly, output has one form."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import NewType
from urllib.parse import urlsplit

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from api.moments import write_date_time
from api.variables import printed_value

Market = NewType("Market", str)
URL = NewType("URL", str)

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATE_TIME = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})",
)
_INSTANT = "an instant of the years 2 to 9998 is written with its offset, like 2026-11-22T10:00:00Z"
_MARKET = re.compile(r"[A-Z]{2}")
_LONGEST_URL = 2000
_MARGIN = timedelta(days=2)
_EARLIEST = datetime.min.replace(tzinfo=UTC) + _MARGIN
_LATEST = datetime.max.replace(tzinfo=UTC) - _MARGIN


def _refuse(scalar: str, value: object, form: str) -> GraphQLError:
    return GraphQLError(f"{scalar} cannot represent {printed_value(value)}: {form}.")


def read_date(value: object) -> date:
    """A calendar date from 2026-11-22. Raises GraphQLError for any other form."""
    if isinstance(value, str) and _DATE.fullmatch(value) and value.isascii():
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise _refuse("Date", value, "a date is written like 2026-11-22")


def read_date_time(value: object) -> datetime:
    """An instant, in UTC, from RFC 3339 with an offset. Raises GraphQLError for any other form.

    Fractions finer than a microsecond are cut; the first and last days that a calendar can hold are refused.
    """
    if isinstance(value, str) and value.isascii() and (match := _DATE_TIME.fullmatch(value)):
        day, time, fraction, offset = match.groups()
        text = f"{day}T{time}.{(fraction or '').ljust(6, '0')[:6]}{offset.upper().replace('Z', '+00:00')}"
        try:
            moment = datetime.fromisoformat(text).astimezone(UTC)
        except (ValueError, OverflowError):
            moment = None
        if moment is not None and _EARLIEST <= moment <= _LATEST:
            return moment
    raise _refuse("DateTime", value, _INSTANT)


def read_url(value: object) -> str:
    """An absolute http or https address. Raises GraphQLError for anything else."""
    if isinstance(value, str) and len(value) > _LONGEST_URL:
        raise _refuse("URL", value, f"an address has at most {_LONGEST_URL:,} characters")
    if isinstance(value, str) and not re.search(r"[\s\x00-\x1f\x7f]", value):
        try:
            parts = urlsplit(value)
            is_address = parts.scheme.lower() in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_address = False
        if is_address:
            return value
    raise _refuse("URL", value, "an address is absolute and begins with https:// or http://")


def read_market(value: object) -> str:
    """Two capital letters. Raises GraphQLError for anything else."""
    if isinstance(value, str) and _MARKET.fullmatch(value):
        return value
    raise _refuse("Market", value, "a market is two capital letters, such as ES")


SCALARS: dict[object, ScalarDefinition] = {
    date: strawberry.scalar(
        name="Date",
        description="A calendar date, ISO 8601: 2026-11-22.",
        serialize=date.isoformat,
        parse_value=read_date,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="An instant, RFC 3339 with offset, such as 2026-11-22T10:00:00+01:00; answered in UTC with Z.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=write_date_time,
        parse_value=read_date_time,
    ),
    URL: strawberry.scalar(
        name="URL",
        description="An absolute http or https address of at most 2,000 characters.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3986",
        serialize=str,
        parse_value=read_url,
    ),
    Market: strawberry.scalar(
        name="Market",
        description=(
            "A storefront: its currency, time zone, language and dated terms. A new market is data, not code; "
            "so it is a text, ISO 3166-1 alpha-2, such as ES."
        ),
        serialize=str,
        parse_value=read_market,
    ),
}
