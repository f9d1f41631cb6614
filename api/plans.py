"""Plans of cached documents: which operations are compiled, and when."""

from dataclasses import dataclass

from graphql import OperationDefinitionNode

from api.compiled.plan import Plan, compile_operation
from api.documents import Prepared, PreparedDocument
from api.schema import QuietSchema


@dataclass(frozen=True, slots=True)
class Plans:
    """Compiles trusted documents at their first request, and others at their request number `after`, so that a document
    that is sent once costs nothing extra."""

    schema: QuietSchema
    after: int = 3

    def plan_of(self, prepared: Prepared, operation: OperationDefinitionNode) -> Plan | None:
        """The plan of an operation of a prepared document; None if graphql-core has to run it."""
        if not prepared.is_trusted and prepared.state.requests < self.after:
            return None
        name, plans = operation.name.value if operation.name else None, prepared.state.plans
        if name not in plans:
            assert prepared.document is not None
            plans[name] = compile_operation(self.schema, prepared.document, operation, without=(PreparedDocument,))
        plan = plans[name]
        return plan if plan is not None and plan.fits else None
