"""Server-sent events: the protocol of graphql-sse, distinct connections mode: one operation in each HTTP request."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.context import Requester
from api.disconnect import client_disconnect
from api.errors import AnswerBody, error_answer
from api.negotiation import ranges_of
from api.problems import Limited, Problem, Unauthenticated
from api.streams.open import OpenStreams, seconds_left
from api.written import sent

EVENTS = "text/event-stream"
_BEAT = b":\n\n"
_COMPLETE = b"event: complete\ndata:\n\n"  # with a space after it, urql would read JSON
_HEADERS = {
    "content-type": f"{EVENTS}; charset=utf-8",
    "x-accel-buffering": "no",  # nginx passes each event on at once
}
_EXPIRED = "This token has expired: get a new one."


def accepts_events(request: Request) -> bool:
    """Whether a client accepts server-sent events by name. urql does so with every request; it gets them for
    subscriptions alone. A client that accepts nothing else gets them for every operation.
    """
    return any(each.name == EVENTS and each.quality > 0 for each in ranges_of(request.headers.get("accept")))


class EventStream(Response):
    """The answers to one operation as events, each written as one piece. Comments in between are the heartbeat."""

    def __init__(self, answers: AsyncGenerator[AnswerBody, None], streams: OpenStreams, asker: Requester) -> None:
        self.answers, self.streams, self.asker = answers, streams, asker
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI. If the client disconnects or reads too slowly, the stream ends and frees everything it held."""
        with suppress(OSError, TimeoutError):
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            ends: set[asyncio.Future[Any]] = {
                asyncio.ensure_future(client_disconnect(receive)),
                asyncio.ensure_future(self.streams.ending.wait()),
            }
            try:
                await self._stream(send, ends)
            finally:
                for end in ends:
                    end.cancel()
                await self.answers.aclose()

    async def _stream(self, send: Send, ends: "set[asyncio.Future[Any]]") -> None:
        try:
            with self.streams.one_more(), self.streams.of(self.asker.caller) as until:
                await self._write(send, _BEAT)
                await self._pass_on(send, ends, until)
        except Limited as limited:
            await self._last(send, limited)

    async def _pass_on(self, send: Send, ends: "set[asyncio.Future[Any]]", until: float) -> None:
        """Sends answers as they come. If the process stops, the stream ends without `complete`; clients reconnect."""
        coming: asyncio.Future[AnswerBody | None] = asyncio.ensure_future(anext(self.answers, None))
        try:
            while True:
                wait = min(self.streams.heartbeat_seconds, seconds_left(until))
                done, _ = await asyncio.wait({coming, *ends}, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
                if done & ends:
                    await self._write(send, b"", more=False)
                    return
                if not seconds_left(until):
                    await self._last(send, Unauthenticated(_EXPIRED))
                    return
                if not done:
                    await self._write(send, _BEAT)
                    continue
                answer = coming.result()
                if answer is None:
                    await self._write(send, _COMPLETE, more=False)
                    return
                await self._write(send, _next(answer))
                coming = asyncio.ensure_future(anext(self.answers, None))
        finally:
            coming.cancel()
            await asyncio.wait({coming})

    async def _last(self, send: Send, problem: Problem) -> None:
        """Sends the problem that ends the stream, and `complete`."""
        answer = {"errors": [error_answer(str(problem), problem.code, self.asker.request_id)]}
        await self._write(send, _next(answer) + _COMPLETE, more=False)

    async def _write(self, send: Send, piece: bytes, *, more: bool = True) -> None:
        """Sends one piece. Raises TimeoutError if the client does not read it in time."""
        async with asyncio.timeout(self.streams.slowest_seconds):
            await send({"type": "http.response.body", "body": piece, "more_body": more})


def _next(answer: AnswerBody) -> bytes:
    """One event. Its lines end with LF, because urql looks for an empty line and does not support CR."""
    return b"event: next\ndata: " + sent(answer) + b"\n\n"
