"""GraphQL operations compiled: a validated operation becomes a plan once, and the plan writes its answer's JSON.

The package depends on graphql-core and Strawberry, and on nothing else of this project. The schema and its resolvers
are not changed. `compile_operation` makes the plan, and `Plan.execute` runs it. If a plan cannot finish an answer, it
returns `Incomplete`: within `replaying`, graphql-core completes the answer without running the same resolvers again.
That needs a schema whose `execution_context_class` is `ReplayingExecutor`. See docs/designs/compiled.md.
"""

from api.compiled.plan import Plan, compile_operation
from api.compiled.replaying import Incomplete, ReplayingExecutor, replaying

__all__ = ["Incomplete", "Plan", "ReplayingExecutor", "compile_operation", "replaying"]
