"""The operations of one WebSocket connection. They run concurrently, each under an id that the client chose."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any

from starlette.websockets import WebSocketDisconnect

from api.context import Requester
from api.errors import error_answer
from api.graphql import GraphQLEndpoint
from api.problems import Limited
from api.requests import Refused, operation_request
from api.streams.answers import answers
from api.streams.messages import ALREADY_THERE, Ended, Message

_MOST_AT_A_TIME = 20


@dataclass(slots=True)
class Operations:
    """Runs operations; each is a task, which waits while the client does not read."""

    endpoint: GraphQLEndpoint
    send: Callable[[dict[str, Any]], Awaitable[None]]
    _running: dict[str, "asyncio.Task[None]"] = field(default_factory=dict)

    async def begin(self, message: Message, asker: Requester) -> None:
        """Starts an operation, or refuses it if 20 are running. Raises Ended if its id is in use."""
        if message.id in self._running:
            raise Ended(ALREADY_THERE, f"Subscriber for {message.id} already exists")
        if len(self._running) >= _MOST_AT_A_TIME:
            sentence = f"At most {_MOST_AT_A_TIME} operations of one connection run at a time."
            await self._refuse(message.id, sentence, Limited.code, asker)
            return
        task = asyncio.create_task(self._operate(message, asker))
        self._running[message.id] = task
        task.add_done_callback(lambda done: self._forget(message.id, done))

    def end(self, id_: str) -> None:
        """Cancels an operation that the client completed; its id is free again."""
        if task := self._running.pop(id_, None):
            task.cancel()

    async def end_all(self) -> None:
        """Cancels all operations, and waits until they have released their resources."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)

    def _forget(self, id_: str, task: "asyncio.Task[None]") -> None:
        """Frees an id, unless a new operation uses it already."""
        if self._running.get(id_) is task:
            del self._running[id_]

    async def _operate(self, message: Message, asker: Requester) -> None:
        """Answers one operation. A client that disconnected is noticed by the connection, so such errors end here."""
        with suppress(WebSocketDisconnect, TimeoutError):
            await self._answer(message, asker)

    async def _answer(self, message: Message, asker: Requester) -> None:
        try:
            ready = await self.endpoint.prepared(operation_request(message.payload, message.size), asker)
        except Refused as refused:
            refused.size = message.size
            await self.endpoint.fine(refused, asker)
            await self._refuse(message.id, str(refused), refused.code, asker)
            return
        async with aclosing(answers(self.endpoint.runner, ready, asker, self.endpoint.metrics)) as coming:
            async for answer in coming:
                if "data" not in answer:
                    await self._last(message.id, {"type": "error", "payload": answer["errors"]})
                    return
                await self.send({"id": message.id, "type": "next", "payload": answer})
        await self._last(message.id, {"type": "complete"})

    async def _refuse(self, id_: str, sentence: str, code: str, asker: Requester) -> None:
        await self._last(id_, {"type": "error", "payload": [error_answer(sentence, code, asker.request_id)]})

    async def _last(self, id_: str, message: dict[str, Any]) -> None:
        """Sends an operation's last message; its id is free before the client reads it."""
        self._running.pop(id_, None)
        await self.send({"id": id_, **message})
