"""Texts of which some have to be awaited: side by side, as graphql-core awaits siblings."""

from asyncio import gather
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from graphql.pyutils import gather_with_cancel

from api.compiled.words import Text


def joined(texts: list[Any], waiting: Sequence[int], join: Callable[[list[Any]], str]) -> Text:
    """The texts as one; `waiting` are the places of those that have to be awaited."""
    return _awaited(texts, waiting, join) if waiting else join(texts)


async def _awaited(texts: list[Any], waiting: Sequence[int], join: Callable[[list[Any]], str]) -> str:
    if len(waiting) == 1:
        texts[waiting[0]] = await texts[waiting[0]]
    else:
        done = await gather_with_cancel(*(texts[each] for each in waiting))
        for place, text in zip(waiting, done, strict=True):
            texts[place] = text
    return join(texts)


async def raised_after(error: Exception, waiting: Sequence[Awaitable[str]]) -> str:
    """Raises this once its siblings have ended, so that what became of them is known too."""
    await gather(*waiting, return_exceptions=True)
    raise error
