"""Texts of which some have to be awaited: all at once, as graphql-core awaits siblings."""

from asyncio import gather
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from graphql.pyutils import gather_with_cancel

from api.compiled.words import Text


def joined(texts: list[Any], waiting: Sequence[int], join: Callable[[list[Any]], str]) -> Text:
    """Joins the texts; `waiting` are the indexes of the awaitable ones."""
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
    """Raises the error after its siblings have ended, so that their outcomes are recorded as well."""
    await gather(*waiting, return_exceptions=True)
    raise error
