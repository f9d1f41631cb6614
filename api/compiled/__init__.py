"""GraphQL operations compiled: a validated operation becomes a plan once, and the plan writes its answer's JSON.

It knows graphql-core and Strawberry, and nothing of what is asked. The schema and its resolvers stay as they are:
`compile_operation` reads them, `Plan.execute` runs an operation, and what a plan cannot answer graphql-core completes
within `replaying`, from a schema whose `execution_context_class` is `ReplayingExecutor`. See docs/designs/compiled.md.
"""

from api.compiled.plan import Plan, compile_operation
from api.compiled.replaying import Raised, ReplayingExecutor, replaying

__all__ = ["Plan", "Raised", "ReplayingExecutor", "compile_operation", "replaying"]
