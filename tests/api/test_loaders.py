"""What one request reads is read once, and belongs to every field that waits for it."""

import asyncio

import pytest

from api.loaders import Loaders
from loyalty.programme.catalogue import Catalogue
from loyalty.programme.programme import Programme
from tests.support.stage import Stage


async def test_a_field_that_is_given_up_does_not_take_a_read_from_the_other_fields(programme: Programme):
    """graphql-core gives up the fields beside one that failed; other objects may wait for the same row."""
    loaders = Loaders(programme)
    given_up, other = (asyncio.create_task(loaders.catalogue()) for _ in range(2))
    await asyncio.sleep(0)
    given_up.cancel()
    assert isinstance(await other, Catalogue)
    with pytest.raises(asyncio.CancelledError):
        await given_up


async def test_of_rows_that_are_read_together_none_is_lost_with_the_field_that_asked_first(stage: Stage):
    await stage.register()
    loaders = Loaders(stage.programme)
    given_up = asyncio.ensure_future(loaders.members_by_mi_id.load("mi-1"))
    others = asyncio.gather(*(loaders.members_by_mi_id.load(name) for name in ("mi-1", "mi-2", "mi-1")))
    given_up.cancel()
    first, unknown, again = await others
    assert (first.mi_id, unknown, again) == ("mi-1", None, first)
