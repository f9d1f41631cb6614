"""Plans beside documents: which operations are compiled, and when."""

from dataclasses import dataclass

from graphql import OperationDefinitionNode

from api.compiled.plan import Plan, compile_operation
from api.documents import Prepared, PreparedDocument
from api.schema import QuietSchema


@dataclass(frozen=True, slots=True)
class Plans:
    """Compiles what is asked often: trusted documents at once, others when asked `after` times, so that documents that
    come once cost nothing more."""

    schema: QuietSchema
    after: int = 3

    def plan_of(self, prepared: Prepared, operation: OperationDefinitionNode) -> Plan | None:
        """The plan by which an operation of a prepared document is run; None where graphql-core runs it."""
        if not prepared.is_trusted and prepared.beside.asked < self.after:
            return None
        name, plans = operation.name.value if operation.name else None, prepared.beside.plans
        if name not in plans:
            assert prepared.document is not None
            plans[name] = compile_operation(self.schema, prepared.document, operation, without=(PreparedDocument,))
        plan = plans[name]
        return plan if plan is not None and plan.fits else None
