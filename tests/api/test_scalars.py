"""The contract's scalars: input is read strictly, output has one form."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from graphql import GraphQLError
from hypothesis import given
from hypothesis import strategies as st

from api.moments import isoformat, write_date_time
from api.schema.scalars import read_date, read_date_time, read_market, read_url


def test_a_date_is_read():
    assert read_date("2024-02-29") == date(2024, 2, 29)


@pytest.mark.parametrize(
    "value",
    ["20261122", "2026-W47-7", "2026-11-31", "2025-02-29", "2026-11-22T00:00:00Z", "22.11.2026", "", " 2026-11-22",
     "2026-11-22\n", "\uff12\uff10\uff12\uff16-11-22", "0000-01-01", "99999-01-01",
     20261122, None, True, ["2026-11-22"], {}, 1.5],
    ids=repr,
)  # fmt: skip
def test_a_value_that_is_no_date_is_refused(value: object):
    with pytest.raises(GraphQLError, match="2026-11-22"):
        read_date(value)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-11-22T10:00:00Z", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("2026-11-22t10:00:00z", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("2026-11-22T10:00:00+01:00", datetime(2026, 11, 22, 9, tzinfo=UTC)),
        ("2026-11-22T10:00:00.5-05:30", datetime(2026, 11, 22, 15, 30, 0, 500_000, tzinfo=UTC)),
        ("2026-11-22T10:00:00.123456789Z", datetime(2026, 11, 22, 10, 0, 0, 123_456, tzinfo=UTC)),
        ("1969-12-31T23:59:59Z", datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_an_instant_is_read_in_utc(value: str, moment: datetime):
    assert read_date_time(value) == moment
    assert read_date_time(value).utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "value",
    ["2026-11-22T10:00:00", "2026-11-22", "2026-11-22 10:00:00Z", "2026-11-22T10:00Z", "2026-11-22T25:00:00Z",
     "2026-11-22T10:00:60Z", "2026-11-22T10:00:00+25:00", "2026-11-22T10:00:00+0100", "0001-01-01T00:00:00+05:00",
     "9999-12-31T23:59:59-05:00", "99999-01-01T00:00:00Z", "2026-11-22T10:00:00.Z", "", "now", 1_763_805_600, None, {}],
    ids=repr,
)  # fmt: skip
def test_a_value_that_is_no_instant_with_an_offset_is_refused(value: object):
    with pytest.raises(GraphQLError, match="offset"):
        read_date_time(value)


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(0)), timezone(timedelta(hours=-9))])))
def test_instants_are_written_as_pythons_own_isoformat_writes_them(moment: datetime):
    assert isoformat(moment) == moment.isoformat()
    if datetime(2, 1, 1, tzinfo=UTC) < moment < datetime(9999, 1, 1, tzinfo=UTC):
        assert write_date_time(moment) == f"{moment.astimezone(UTC).isoformat()[:-6]}Z"


def test_an_instant_is_written_in_utc_with_z():
    madrid = timezone(timedelta(hours=1))
    assert write_date_time(datetime(2026, 11, 22, 10, tzinfo=madrid)) == "2026-11-22T09:00:00Z"
    assert write_date_time(datetime(2026, 11, 22, 9, 0, 0, 1500, tzinfo=UTC)) == "2026-11-22T09:00:00.001500Z"


@pytest.mark.parametrize(
    "value", ["https://mi.com/p/1?a=b#c", "HTTP://mi.com", "https://[::1]:8000/", "https://xn--m-1fa.es"]
)
def test_an_address_is_read_as_it_is(value: str):
    assert read_url(value) == value


@pytest.mark.parametrize(
    "value",
    ["mi.com", "//mi.com", "/p/1", "javascript:alert(1)", "ftp://mi.com", "https://", "https:///p", "https://mi.com:x/",
     "https://mi.com:99999/", "https://[::1", "https://mi.com/a b",
     "https://mi.com/\n", "", "https://" + "x" * 2000, 7, None],
    ids=repr,
)  # fmt: skip
def test_a_value_that_is_no_absolute_address_is_refused(value: object):
    with pytest.raises(GraphQLError, match="https://"):
        read_url(value)


def test_a_market_is_two_capital_letters():
    assert read_market("ES") == "ES"
    for value in ("es", "ESP", "E", "", "E5", "ÉS", "ES\n", 7, None):
        with pytest.raises(GraphQLError, match="two capital letters"):
            read_market(value)
