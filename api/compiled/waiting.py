"""Texts of which some have to be awaited: all at once, as graphql-core awaits siblings."""

import asyncio
from asyncio import Future, Task, gather, get_running_loop
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from api.compiled.words import Text


def joined(texts: list[Any], waiting: Sequence[int], join: Callable[[list[Any]], str]) -> Text:
    """Joins the texts; `waiting` are the indexes of the awaitable ones."""
    return _awaited(texts, waiting, join) if waiting else join(texts)


async def _awaited(texts: list[Any], waiting: Sequence[int], join: Callable[[list[Any]], str]) -> str:
    if len(waiting) == 1:
        texts[waiting[0]] = await texts[waiting[0]]
    else:
        done = await _together([texts[each] for each in waiting])
        for place, text in zip(waiting, done, strict=True):
            texts[place] = text
    return join(texts)


async def _together(coroutines: Sequence[Coroutine[Any, Any, str]]) -> list[str]:
    """Runs a task for each, as graphql-core's `gather_with_cancel`, in the same turns of the event loop: the first
    error cancels the others, and is raised when they have ended."""
    loop = get_running_loop()
    over: Future[Task[str] | None] = loop.create_future()
    left = len(coroutines)

    def ended(task: "Task[str]") -> None:
        nonlocal left
        left -= 1
        if over.done():
            return
        if task.cancelled() or task.exception() is not None:
            over.set_result(task)
        elif not left:
            over.set_result(None)

    tasks = [loop.create_task(each) for each in coroutines]
    for task in tasks:
        task.add_done_callback(ended)
    try:
        failed = await over
    except asyncio.CancelledError:
        await _cancelled(tasks)
        raise
    if failed is not None:
        await _cancelled(tasks)
        return [failed.result()]  # raises
    return [task.result() for task in tasks]


async def _cancelled(tasks: Sequence["Task[str]"]) -> None:
    """Cancels the tasks that run, and waits for their ends."""
    for task in tasks:
        task.cancel()
    await gather(*tasks, return_exceptions=True)


async def raised_after(error: Exception, waiting: Sequence[Awaitable[str]]) -> str:
    """Raises the error after its siblings have ended, so that their outcomes are recorded as well."""
    await gather(*waiting, return_exceptions=True)
    raise error
