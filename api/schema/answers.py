"""The one place where refusals that mutations raise become members of their result unions."""

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
    """Around a mutation: it reads anew, answers a refusal as data, and asks a database that is away only once."""

    async def resolve_async(self, next_: AsyncExtensionResolver, source: Any, info: Info, **kwargs: Any) -> Any:
        """Runs the mutation. A refusal that its union does not have stays an error, with the refusal's sentence."""
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
    """Such a refusal is no key's first answer: where the key was used, it came with another input before (R61).

    While the database is away, what is wrong with the input is so all the same.
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
