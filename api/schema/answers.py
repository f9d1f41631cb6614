"""The one place where refusals that mutations raise become members of their result unions."""

from typing import Any

from graphql import GraphQLUnionType
from strawberry.extensions import FieldExtension
from strawberry.extensions.field_extension import AsyncExtensionResolver

from api.context import Info
from api.problems import Forbidden, Unauthenticated
from api.schema.refusals import answer_of
from db.pool import DatabaseUnavailable
from loyalty.refusals import NotAllowed, Refusal


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
        except Refusal as refused:
            refusal = refused
        answer = answer_of(refusal, info.context.language)
        if not _can_answer(info, type(answer).__name__):
            raise refusal
        return answer


def _can_answer(info: Info, name: str) -> bool:
    union = info._raw_info.return_type
    return isinstance(union, GraphQLUnionType) and any(each.name == name for each in union.types)
