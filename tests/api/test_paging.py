"""Pages of every list: ties in time, entries added between two pages, both directions, odd sizes."""

from typing import Any

import pytest

from tests.support.stage import Stage

LISTS = ("pointsHistory", "coupons", "verdicts", "notices")
BOTH_WAYS = ("pointsHistory", "coupons")


async def page(stage: Stage, name: str, **arguments: Any) -> tuple[list[str], dict[str, Any]]:
    """The ids of one page of a member's list, and its pageInfo."""
    given = ", ".join(
        f'{key}: "{value}"' if isinstance(value, str) else f"{key}: {value}" for key, value in arguments.items()
    )
    inside = "{ nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }"
    connection = (await stage.app("mi-1", f"{{ me {{ {name}({given}) {inside} }} }}"))[name]
    return [node["id"] for node in connection["nodes"]], connection["pageInfo"]


async def forwards(stage: Stage, name: str, size: int) -> list[str]:
    """A list read page by page from its start."""
    ids, info = await page(stage, name, first=size)
    while info["hasNextPage"]:
        more, info = await page(stage, name, first=size, after=info["endCursor"])
        ids += more
    return ids


async def backwards(stage: Stage, name: str, size: int) -> list[str]:
    """The same from its end, in the list's order."""
    ids, info = await page(stage, name, last=size)
    while info["hasPreviousPage"]:
        more, info = await page(stage, name, last=size, before=info["startCursor"])
        ids = more + ids
    return ids


async def member_of_one_moment(stage: Stage) -> None:
    """A member whose history, coupons, verdicts and notices all have the same moment."""
    await stage.register()
    await stage.order("O-1", [("1", 1, 400_000)])
    await stage.delivered("O-1")
    for _ in range(5):
        await stage.redeem("es-5")
    await stage.owner.execute("update coupons set issued_at = date_trunc('day', issued_at)")
    await stage.owner.execute("update verdicts set decided_at = date_trunc('day', decided_at)")
    await stage.owner.execute(
        """insert into notices (member_id, notice_id, kind, points, reference, created_at)
        select member_id, gen_random_uuid(), 'POINTS_LAPSING', n, n::text, date_trunc('day', joined_at)
        from members, generate_series(1, 5) n"""
    )


async def test_things_of_one_moment_are_each_on_one_page(stage: Stage):
    await member_of_one_moment(stage)
    for name in LISTS:
        everything, _ = await page(stage, name, first=100)
        assert len(everything) >= 5, name
        for size in (1, 2, 3):
            assert await forwards(stage, name, size) == everything
            if name in BOTH_WAYS:
                assert await backwards(stage, name, size) == everything


async def test_an_entry_added_between_two_pages_repeats_and_skips_nothing_in_either_direction(stage: Stage):
    await member_of_one_moment(stage)
    for name in BOTH_WAYS:
        before, _ = await page(stage, name, first=100)
        down, below = await page(stage, name, first=2)
        up, above = await page(stage, name, last=2)
        await stage.redeem("es-5")
        more_down, _ = await page(stage, name, first=100, after=below["endCursor"])
        more_up, _ = await page(stage, name, last=100, before=above["startCursor"])
        assert down + more_down == before, name
        assert more_up[1:] + up == before, name
        between, info = await page(stage, name, first=100, after=below["endCursor"], before=above["startCursor"])
        assert between == before[2:-2], name
        assert info["hasPreviousPage"]


@pytest.mark.parametrize(
    "arguments",
    ["first: 1, last: 1", "first: -1", "last: -1", "first: 101", "last: 2147483647", 'after: "x"', 'before: ""'],
)
async def test_invalid_page_arguments_are_refused_with_a_sentence_about_them(stage: Stage, arguments: str):
    await stage.register()
    for name in BOTH_WAYS:
        answer = await stage.post(f"{{ me {{ {name}({arguments}) {{ nodes {{ id }} }} }} }}", token=stage.token("mi-1"))
        (error,) = answer["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert any(word in error["message"] for word in ("`first`", "`last`", "cursor"))


async def test_a_cursor_of_another_list_is_refused_and_one_of_the_same_list_is_only_a_place(stage: Stage):
    """Another member's cursor of the same list names a place; the rows after it are the caller's own."""
    await member_of_one_moment(stage)
    await stage.register("mi-2")
    _, info = await page(stage, "coupons", first=1)
    query = "query($c: String) { me { %s(after: $c) { nodes { id } } } }"
    for name in ("pointsHistory", "verdicts", "notices", "pendingPoints"):
        answer = await stage.post(query % name, {"c": info["endCursor"]}, stage.token("mi-1"))
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT", name
    others = await stage.ask(query % "coupons", {"c": info["endCursor"]}, stage.token("mi-2"))
    assert others["me"]["coupons"]["nodes"] == []
