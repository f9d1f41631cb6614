"""What goes wrong, as clients may see it: a code, a sentence and a request id; never SQL, never a stack trace."""

import logging
from collections.abc import Iterable, Sequence
from typing import Any

from graphql import FieldNode, GraphQLError
from strawberry.exceptions import StrawberryInputCoercionError

from api.problems import Problem
from api.variables import in_graphql_words
from db.pool import DatabaseUnavailable
from loyalty.refusals import InvalidInput, Refusal

log = logging.getLogger("mipoints.api")

BAD_USER_INPUT = "BAD_USER_INPUT"
UNAVAILABLE = "UNAVAILABLE"
INTERNAL = "INTERNAL"

_AWAY = "The programme's database does not answer right now. Nothing is lost: repeat the request with the same key."
FAULT = "Something went wrong on our side. Tell us the requestId, and repeat the request with the same key."
_LONGEST = 500

Answer = dict[str, Any]


def error_answer(message: str, code: str, request_id: str) -> Answer:
    """One entry of `errors`."""
    return {"message": message[:_LONGEST], "extensions": {"code": code, "requestId": request_id}}


def request_errors(errors: Iterable[GraphQLError], request_id: str) -> list[Answer]:
    """Entries for a document or request that was refused before anything ran; logged as one line."""
    answers = [
        _located(error, error_answer(in_graphql_words(error.message), _code_of(error), request_id)) for error in errors
    ]
    _log_refused(answers, request_id)
    return answers


def execution_errors(errors: Sequence[GraphQLError], request_id: str) -> list[Answer]:
    """Entries for what happened while running; faults are masked and logged once each, with their traceback."""
    answers = [_located(error, _answer(error, request_id)) for error in errors]
    _log_refused([each for each in answers if each["extensions"]["code"] not in {INTERNAL, UNAVAILABLE}], request_id)
    return answers


def _answer(error: GraphQLError, request_id: str) -> Answer:
    cause = _cause(error)
    if isinstance(cause, Problem):
        return error_answer(str(cause), cause.code, request_id)
    if isinstance(cause, DatabaseUnavailable):
        log.warning("%s: the database is unavailable: %s", request_id, cause)
        return error_answer(_AWAY, UNAVAILABLE, request_id)
    if isinstance(cause, Refusal):
        code = BAD_USER_INPUT if isinstance(cause, InvalidInput) else cause.code
        return error_answer(str(cause), code, request_id)
    if _is_of_the_input(error, cause):
        return _of_input(error, request_id)
    log.error("%s: fault at %s", request_id, error.path, exc_info=cause or error)
    return error_answer(FAULT, INTERNAL, request_id)


def _code_of(error: GraphQLError) -> str:
    cause = error.original_error
    return cause.code if isinstance(cause, Problem) else BAD_USER_INPUT


def _of_input(error: GraphQLError, request_id: str) -> Answer:
    return error_answer(in_graphql_words(error.message), BAD_USER_INPUT, request_id)


def _cause(error: GraphQLError) -> Exception | None:
    """What was raised below all wrapping; None where the library itself found the fault."""
    cause: Exception | None = error
    while isinstance(cause, GraphQLError) and not isinstance(cause, StrawberryInputCoercionError):
        cause = cause.original_error
    return cause


def _is_of_the_input(error: GraphQLError, cause: Exception | None) -> bool:
    """Whether a variable or an argument could not be read; what we answer wrongly is told at a field instead."""
    if isinstance(cause, StrawberryInputCoercionError):
        return True
    return cause is None and bool(error.nodes) and not isinstance(next(iter(error.nodes or ())), FieldNode)


def _located(error: GraphQLError, answer: Answer) -> Answer:
    if error.locations:
        answer["locations"] = [{"line": each.line, "column": each.column} for each in error.locations]
    if error.path is not None:
        answer["path"] = error.path
    return answer


def _log_refused(answers: Sequence[Answer], request_id: str) -> None:
    """One line, whatever was wrong and however often; `%r` keeps what strangers send on that line."""
    if answers:
        log.info("%s: refused, %d errors: %.200r", request_id, len(answers), answers[0]["message"])
