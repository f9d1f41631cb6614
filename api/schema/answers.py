"""Turning refusals that mutations raise into members of their result unions: only here."""

from typing import Any

from graphql import GraphQLUnionType
from strawberry.extensions import FieldExtension
from strawberry.extensions.field_extension import AsyncExtensionResolver

from api.context import Info
from api.problems import Forbidden, Unauthenticated
from api.schema.refusals import answer_of
from db.pool import DatabaseUnavailable
from loyalty.ledger.answers import is_key_used
from loyalty.refusals import IdempotencyMismatch, InvalidInput, NotAllowed, NotFound, Refusal


class RefusalsAreAnswers(FieldExtension):
    """Wraps a mutation: fresh loaders, refusals as data, and one wait only for a database that does not answer."""

    async def resolve_async(self, next_: AsyncExtensionResolver, source: Any, info: Info, **kwargs: Any) -> Any:
        """Runs the mutation. A refusal that is not in its union is raised again and becomes a top-level error."""
        info.context.check_database()
        info.context.read_anew()
        try:
            return await next_(source, info, **kwargs)
        except DatabaseUnavailable:
            info.context.asker.is_database_away = True
            raise
        except (Unauthenticated, Forbidden) as problem:
            refusal: Refusal = NotAllowed(str(problem))
        except (InvalidInput, NotFound) as refused:
            refusal = await _or_mismatch(info, refused, str(kwargs["idempotency_key"]))
        except Refusal as refused:
            refusal = refused
        answer = answer_of(refusal, info.context.language)
        if not _can_answer(info, type(answer).__name__):
            raise refusal
        return answer


async def _or_mismatch(info: Info, refused: Refusal, key: str) -> Refusal:
    """The refusal, or IdempotencyMismatch if the key was used before (R61).

    InvalidInput and NotFound are never stored under a key: so a used key was sent with another input before. While the
    database is away, the refusal itself is answered.
    """
    context = info.context
    try:
        context.check_database()
        is_used = await is_key_used(context.programme.db, context.caller, key)
    except DatabaseUnavailable:
        context.asker.is_database_away = True
        return refused
    return IdempotencyMismatch() if is_used else refused


def _can_answer(info: Info, name: str) -> bool:
    union = info._raw_info.return_type
    return isinstance(union, GraphQLUnionType) and any(each.name == name for each in union.types)
