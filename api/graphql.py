"""GraphQL over HTTP: one endpoint, both media types, and a well-formed answer to every request."""

import asyncio
import logging
import time
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.access import caller_of
from api.context import Requester
from api.disconnect import Disconnect
from api.errors import FAULT, INTERNAL, error_answer
from api.graphiql import page
from api.http_answers import ALWAYS, PublicAnswer, WrittenAnswer
from api.metrics import Metrics
from api.negotiation import GRAPHQL_JSON, HTML, JSON, chosen_media
from api.problems import Limited, PersistedQueryNotFound
from api.public import is_for_everyone
from api.request_ids import request_id_of
from api.requests import BY_ADDRESS, Batch, OperationRequest, Refused, read_request
from api.runner import Answered, NotRun, Ready, Runner, refused_answer
from api.streams.answers import answers
from api.streams.events import EVENTS, EventStream, accepts_events
from api.streams.open import OpenStreams
from loyalty.messages.negotiation import language_of
from loyalty.tokens import Verifier

log = logging.getLogger("mipoints.api")


@dataclass(slots=True)
class GraphQLEndpoint:
    """`/graphql`: POST runs one operation or a batch; GET and HEAD run a query, and show GraphiQL to browsers."""

    runner: Runner
    verifier: Verifier
    metrics: Metrics
    body_limit: int
    streams: OpenStreams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        request = Request(scope, receive)
        started = time.perf_counter()
        request_id = request_id_of(scope, is_behind_proxy=self.runner.admission.proxies > 0)
        if prefers_html(request):
            response: Response = page()
        else:
            response = await self._answer_always(request, request_id)
            self.metrics.graphql_seconds.observe(time.perf_counter() - started)
        if not isinstance(response, WrittenAnswer):
            response.headers.update({"x-request-id": request_id, **ALWAYS})
        await response(scope, receive, send)

    async def _answer_always(self, request: Request, request_id: str) -> Response:
        """The answer to any request. A fault outside an operation is logged and masked like one inside."""
        media = chosen_media(request.headers.get("accept"))
        try:
            return await self._answer(request, request_id, media)
        except Refused as refused:
            answered = self._counted(_refusal(refused, request_id))
            return WrittenAnswer(answered.body, refused.status, media or JSON, request_id, refused.headers)
        except Exception:
            answered = self._counted(_fault(request_id))
            return WrittenAnswer(answered.body, 500, media or JSON, request_id)

    async def _answer(self, request: Request, request_id: str, media: str | None) -> Response:
        """The answer to a request. Raises Refused if the request holds no operation that we can run."""
        caller = await caller_of(request, self.verifier)
        asker = self.runner.asker(request, caller, language_of(request.headers.get("accept-language")), request_id)
        if shut_out := self._shut_out(asker):
            status = _status_of(shut_out, media or JSON)
            return WrittenAnswer(shut_out.body, status, media or JSON, request_id, shut_out.headers)
        read = await self._read(request, asker)
        if media is None and not accepts_events(request):
            raise Refused(406, f"Answers are {GRAPHQL_JSON} or {JSON}, and {EVENTS}: accept one of them.")
        disconnect = Disconnect(request.receive)
        if isinstance(read, list):
            asker.disconnect = disconnect
            with disconnect.watched():
                bodies = [each.body for each in await self._run_all(read, asker)]
                return WrittenAnswer(bodies, 200, media or JSON, request_id)
        ready = await self.prepared(read, asker)
        if media is None or (ready.kind == "subscription" and accepts_events(request)):
            return EventStream(answers(self.runner, ready, asker, self.metrics), self.streams, asker)
        asker.disconnect = disconnect
        answered = self._counted(await self._run(ready, asker))
        if read.is_get and self._is_for_everyone(ready, answered):
            return PublicAnswer(answered.body, media, request_id, request.headers.get("if-none-match"))
        media = _media_for(answered, request, media)
        return WrittenAnswer(answered.body, _status_of(answered, media), media, request_id, answered.headers)

    def _shut_out(self, asker: Requester) -> Answered | None:
        """The answer to a payer that is shut out; its body is not read."""
        try:
            self.runner.admission.check(asker.payer)
        except Limited as limited:
            return self._counted(refused_answer(NotRun.because(limited), asker))
        return None

    async def _read(self, request: Request, asker: Requester) -> OperationRequest | Batch:
        """The request or batch. Raises Refused, which is fined by the bytes that were read."""
        try:
            return await read_request(request, self.body_limit)
        except Refused as refused:
            await self.fine(refused, asker)
            raise

    async def fine(self, refused: Refused, asker: Requester) -> None:
        """Takes the cost of a request that could not be read from its payer's budget."""
        await self.runner.admission.fine(asker.payer, refused.size)

    def _is_for_everyone(self, ready: Ready | Answered, answered: Answered) -> bool:
        """Whether an answer is one that caches may keep for everyone."""
        if isinstance(ready, Answered) or answered.outcome != "ok":
            return False
        return is_for_everyone(self.runner.schema._schema, ready.document, ready.operation)

    async def _run_all(self, batch: Batch, asker: Requester) -> list[Answered]:
        """The answers to a batch. Operations run one after the other, so that it holds one database connection."""
        answers = []
        for each in batch:
            answers.append(self._counted(await self._run_or_refuse(each, asker)))
            await asyncio.sleep(0)  # between two operations, other clients have their turn
        return answers

    async def _run_or_refuse(self, request: OperationRequest | Refused, asker: Requester) -> Answered:
        """The answer to one operation of a batch. A fault here does not change the other answers."""
        if isinstance(request, Refused):
            await self.fine(request, asker)
            return _refusal(request, asker.request_id)
        try:
            return await self.run(request, asker)
        except Exception:
            return _fault(asker.request_id)

    async def run(self, request: OperationRequest, asker: Requester) -> Answered:
        """The answer to one operation. Raises Refused if a GET asks for anything but a query."""
        return await self._run(await self.prepared(request, asker), asker)

    async def prepared(self, request: OperationRequest, asker: Requester) -> Ready | Answered:
        """One operation ready to run, or the answer that refuses it. Raises Refused as `run` does."""
        try:
            ready = await self.runner.prepare(request, asker)
        except NotRun as refused:
            return refused_answer(refused, asker)
        if request.is_get and ready.kind != "query":
            raise Refused(405, "A GET runs queries only: send a POST.", allow="POST")
        return ready

    async def _run(self, ready: Ready | Answered, asker: Requester) -> Answered:
        return ready if isinstance(ready, Answered) else await self.runner.run(ready, asker)

    def _counted(self, answered: Answered) -> Answered:
        self.metrics.count_operation(answered.kind, answered.outcome)
        return answered


def prefers_html(request: Request) -> bool:
    """Whether a person opened the address in a browser: a GET that prefers HTML."""
    return (
        request.method in BY_ADDRESS and chosen_media(request.headers.get("accept"), (GRAPHQL_JSON, JSON, HTML)) == HTML
    )


def _fault(request_id: str) -> Answered:
    """The masked answer to the exception that is being handled; it is logged with its traceback."""
    log.exception("%s: fault around an operation", request_id)
    return Answered({"errors": [error_answer(FAULT, INTERNAL, request_id)]})


def _refusal(refused: Refused, request_id: str) -> Answered:
    return Answered({"errors": [error_answer(str(refused), refused.code, request_id)]})


def _media_for(answered: Answered, request: Request, media: str) -> str:
    """The media type of an answer. Some of Apollo's clients send the text of a persisted query only after a status 200;
    that status needs application/json.
    """
    if answered.outcome == PersistedQueryNotFound.code:
        return chosen_media(request.headers.get("accept"), (JSON,)) or media
    return media


def _status_of(answered: Answered, media: str) -> int:
    """The status: in GraphQL's own media type it shows whether anything ran; in JSON it is always 200."""
    return answered.status if media == GRAPHQL_JSON and "data" not in answered.body else 200
