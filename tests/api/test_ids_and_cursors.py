"""Opaque ids and cursors: this API reads those that it made, and no others."""

import base64
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.cursors import COUPONS, DELIVERIES, ENTRIES, PENDING, VERDICTS, PageArguments, page_of, window
from api.ids import GlobalId, MembersIds, read_id
from api.problems import BadUserInput
from db.pages import Window

MEMBER = UUID("71d35c0a-904e-4dd1-9d6d-75c93d274f6f")
MOMENT = datetime(2026, 11, 22, 10, 0, 0, 123_456, tzinfo=UTC)


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@given(st.lists(st.tuples(st.sampled_from([MEMBER, UUID(int=7)]), st.integers(1, 2**62)), min_size=1))
def test_ids_written_in_parts_are_the_same(rows: list[tuple[UUID, int]]):
    for type_ in ("PointsEntry", "Notice", "Verdict"):
        ids = MembersIds(type_, is_numbered=True)
        expected = [str(GlobalId(type_, member_id, str(number))) for member_id, number in rows]
        assert [ids(*each) for each in rows] == expected
        assert ids.many(*zip(*rows, strict=True)) == expected


def test_ids_written_in_parts_of_things_with_ids_of_their_own():
    expected = [str(GlobalId("Coupon", MEMBER, str(UUID(int=number)))) for number in (5, 6)]
    assert MembersIds("Coupon").many([MEMBER, MEMBER], [UUID(int=5), UUID(int=6)]) == expected


@pytest.mark.parametrize(
    "id_",
    [
        GlobalId("Member", MEMBER),
        GlobalId("Order", MEMBER, "A:1/2"),
        GlobalId("Order", MEMBER, "Größe"),
        GlobalId("PointsEntry", MEMBER, "9007199254740993"),
        GlobalId("Reward", local="es-5"),
        GlobalId("Campaign", local="a:b"),
        GlobalId("WebhookDelivery", local="native:evt:1"),
    ],
    ids=repr,
)
def test_an_id_is_read_as_it_was_made(id_: GlobalId):
    assert read_id(str(id_)) == id_


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=200))
def test_any_order_number_survives(number: str):
    assert read_id(str(GlobalId("Order", MEMBER, number))) == GlobalId("Order", MEMBER, number)


@given(st.text(max_size=300))
def test_no_text_breaks_the_reading(text: str):
    read = read_id(text)
    assert read is None or str(read) == text


@pytest.mark.parametrize(
    "text",
    ["", "x", "====", "\ud800", "ü", encoded("Member"),
     encoded("Member:unknown"), encoded("Order:1"), encoded("Reward:"),
     str(GlobalId("Member", MEMBER)) + "=", " " + str(GlobalId("Member", MEMBER)), encoded(f"Member:{MEMBER}".upper()),
     encoded(f"Order:{MEMBER}:" + "9" * 3000), encoded(f"Order:{MEMBER}:a\0b"), encoded("Reward:\0")],
    ids=lambda text: repr(text[:30]),
)  # fmt: skip
def test_a_text_that_was_not_made_here_is_no_id(text: str):
    assert read_id(text) is None


def test_a_place_is_read_as_it_was_written():
    assert ENTRIES.place(ENTRIES.cursor(2**53 + 1)) == 2**53 + 1
    for places in (COUPONS, VERDICTS, PENDING):
        assert places.place(places.cursor((MOMENT, MEMBER))) == (MOMENT, MEMBER)
    assert PENDING.place(PENDING.cursor((None, MEMBER))) == (None, MEMBER)
    longest = (MOMENT, "native", '"\x01' * 100 + "\U0001f4e6" * 17)
    assert DELIVERIES.place(DELIVERIES.cursor(longest)) == longest


@pytest.mark.parametrize(
    "cursor",
    ["", "nonsense", "\ud800", "ü", "x" * 5000, encoded("[" * 200), encoded("null"),
     encoded("7"), encoded("[]"), encoded("{}"),
     encoded('[2,"entries",7]'), encoded('[1,"entries"]'), encoded('[1,"entries",7,8]'), encoded('[1,"entries","7"]'),
     encoded('[1,"entries",0]'), encoded('[1,"entries",1e400]'), encoded(f'[1,"entries",{2**63}]'),
     encoded(f'[1,"entries",{2**63 - 1}]'), encoded('[1,"entries",true]'),
     COUPONS.cursor((MOMENT, MEMBER))],
    ids=lambda cursor: repr(cursor[:30]),
)  # fmt: skip
def test_a_cursor_of_another_list_is_refused(cursor: str):
    with pytest.raises(BadUserInput, match="cursor"):
        ENTRIES.place(cursor)


@pytest.mark.parametrize(
    "place",
    ['"2026-11-22T10:00:00","x"', '"2026","x"', 'null,"x"', "1,2", f'"2026-11-22","{MEMBER}"',
     f'"0001-01-01T00:00:00+14:00","{MEMBER}"', f'"9999-12-31T23:59:59-14:00","{MEMBER}"'],
)  # fmt: skip
def test_a_broken_place_is_refused(place: str):
    with pytest.raises(BadUserInput, match="cursor"):
        COUPONS.place(encoded(f'[1,"coupons",{place}]'))


def test_a_page_is_the_first_twenty_by_default():
    assert window(PageArguments(), ENTRIES) == Window(20)
    assert window(PageArguments(first=0), ENTRIES) == Window(0)
    assert window(PageArguments(first=100, after=ENTRIES.cursor(5)), ENTRIES) == Window(100, after=5)
    assert window(PageArguments(last=3, before=ENTRIES.cursor(5)), ENTRIES) == Window(3, before=5, from_end=True)


@pytest.mark.parametrize(
    "arguments",
    [
        PageArguments(first=101),
        PageArguments(first=-1),
        PageArguments(last=101),
        PageArguments(last=-1),
        PageArguments(1, None, 1),
    ],
)
def test_a_page_out_of_bounds_is_refused(arguments: PageArguments):
    with pytest.raises(BadUserInput, match=r"first|last"):
        window(arguments, ENTRIES)


def test_a_page_knows_whether_there_is_more():
    page = page_of([9, 8, 7], Window(2))
    assert (page.rows, page.has_next, page.has_previous) == ([9, 8], True, False)
    page = page_of([7], Window(2, after=8))
    assert (page.rows, page.has_next, page.has_previous) == ([7], False, True)
    page = page_of([1, 2, 3], Window(2, from_end=True))
    assert (page.rows, page.has_next, page.has_previous) == ([2, 1], False, True)
    page = page_of([], Window(2, before=1, from_end=True))
    assert (page.rows, page.has_next, page.has_previous) == ([], True, False)
