"""Errors as clients may see them: a code, a sentence and a request id; never SQL, never a stack trace."""

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from graphql import FieldNode, GraphQLError
from strawberry.exceptions import StrawberryInputCoercionError

from api.limits import TooMuch
from api.problems import Problem
from api.variables import in_graphql_words
from db.pool import DatabaseUnavailable, TookTooLong
from loyalty.refusals import InvalidInput, Refusal

log = logging.getLogger("mipoints.api")

BAD_USER_INPUT = "BAD_USER_INPUT"
LIMITED = "LIMITED"
UNAVAILABLE = "UNAVAILABLE"
INTERNAL = "INTERNAL"

_AWAY = "The programme's database does not answer right now. Nothing is lost: repeat the request with the same key."
TOO_LONG = (
    "This operation took longer than it may, and was ended. Ask for less at once; a mutation may be repeated with the "
    "same key."
)
FAULT = "Something went wrong on our side. Tell us the requestId, and repeat the request with the same key."
_LONGEST = 500
_SUGGESTION = re.compile(r" Did you mean .*", re.DOTALL)
_TOO_LARGE = re.compile(r"Syntax Error: Document .*Parsing aborted\.")
_MOST_PLACES = 4

AnswerBody = dict[str, Any]


def error_answer(message: str, code: str, request_id: str, facts: Mapping[str, Any] | None = None) -> AnswerBody:
    """One entry of `errors`; `facts` are added to its `extensions`, beside the code."""
    return {"message": message[:_LONGEST], "extensions": {"code": code, "requestId": request_id} | dict(facts or {})}


def request_errors(errors: Iterable[GraphQLError], request_id: str, *, is_helped: bool = True) -> list[AnswerBody]:
    """Entries for a document or request that was refused before anything ran; logged as one line.

    `is_helped` says whether the messages may suggest names of the schema.
    """
    answers = [_located(error, _refusal(error, request_id)) for error in errors]
    _log_refused(answers, request_id)
    return answers if is_helped else without_suggestions(answers)


def execution_errors(errors: Sequence[GraphQLError], request_id: str, *, is_helped: bool = True) -> list[AnswerBody]:
    """Entries for errors of a running operation; each fault is masked, and logged once with its traceback."""
    answers = [_located(error, _answer(error, request_id)) for error in errors]
    _log_refused([each for each in answers if each["extensions"]["code"] not in {INTERNAL, UNAVAILABLE}], request_id)
    return answers if is_helped else without_suggestions(answers)


def without_suggestions(answers: Sequence[AnswerBody]) -> list[AnswerBody]:
    """The same without the suggestions of the library, which would reveal the schema name by name."""
    return [answer | {"message": _SUGGESTION.sub("", answer["message"])} for answer in answers]


def _refusal(error: GraphQLError, request_id: str) -> AnswerBody:
    """An entry with LIMITED for a document that is too large, and with BAD_USER_INPUT for an invalid one."""
    cause = error.original_error
    if isinstance(cause, Problem):
        return error_answer(str(cause), cause.code, request_id, cause.facts)
    is_too_large = isinstance(error, TooMuch) or _TOO_LARGE.fullmatch(error.message)
    message = in_graphql_words(error.message)
    return error_answer(message, LIMITED if is_too_large else BAD_USER_INPUT, request_id)


def _answer(error: GraphQLError, request_id: str) -> AnswerBody:
    cause = _cause(error)
    if isinstance(cause, Problem):
        return error_answer(str(cause), cause.code, request_id, cause.facts)
    if isinstance(cause, DatabaseUnavailable):
        log.warning("%s: the database is unavailable: %s", request_id, cause)
        return error_answer(TOO_LONG if isinstance(cause, TookTooLong) else _AWAY, UNAVAILABLE, request_id)
    if isinstance(cause, Refusal):
        code = BAD_USER_INPUT if isinstance(cause, InvalidInput) else cause.code
        return error_answer(str(cause), code, request_id)
    if _is_of_the_input(error, cause):
        return _of_input(error, request_id)
    log.error("%s: fault at %s", request_id, error.path, exc_info=cause or error)
    return error_answer(FAULT, INTERNAL, request_id)


def _of_input(error: GraphQLError, request_id: str) -> AnswerBody:
    return error_answer(in_graphql_words(error.message), BAD_USER_INPUT, request_id)


def _cause(error: GraphQLError) -> Exception | None:
    """The exception inside all wrappers; None if the library itself raised the error."""
    cause: Exception | None = error
    while isinstance(cause, GraphQLError) and not isinstance(cause, StrawberryInputCoercionError):
        cause = cause.original_error
    return cause


def _is_of_the_input(error: GraphQLError, cause: Exception | None) -> bool:
    """Whether a variable or an argument could not be read. An invalid value of ours is reported at a field instead."""
    if isinstance(cause, StrawberryInputCoercionError):
        return True
    return cause is None and bool(error.nodes) and not isinstance(next(iter(error.nodes or ())), FieldNode)


def _located(error: GraphQLError, answer: AnswerBody) -> AnswerBody:
    if error.locations:
        answer["locations"] = [{"line": each.line, "column": each.column} for each in error.locations[:_MOST_PLACES]]
    if error.path is not None:
        answer["path"] = error.path
    return answer


def _log_refused(answers: Sequence[AnswerBody], request_id: str) -> None:
    """Logs one line for all errors of an answer: the first one's code and place. Its message may quote a value that the
    client sent, such as a birth date or a token, so only the client gets it."""
    if answers:
        first = answers[0]
        place = first.get("path") or first.get("locations")
        code = first["extensions"]["code"]
        log.info("%s: refused, %d errors, first %s at %.200r", request_id, len(answers), code, place)
