"""The app's screens take few statements, and those that need nothing of one another are sent at once."""

from bench.request_profile import HOME, of_the_app
from bench.statements import statements_of
from tests.support.stage import Stage


async def test_a_screen_is_one_read_of_the_member_and_one_of_each_list(stage: Stage):
    await stage.register()
    documents = {"Home": HOME, "PointsCenterQuery": of_the_app()["PointsCenterQuery"]}
    assert await statements_of(stage, documents) == {
        "Home": [(1, "members_by_mi_id"), (2, "coupons_first_pages"), (2, "entries_first_pages")],
        "PointsCenterQuery": [(1, "members_by_mi_id"), (2, "pending_first_pages"), (2, "progress_of_members")],
    }
