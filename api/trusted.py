"""Trusted documents: the manifest's, limited, validated, costed and kept ready from the start."""

from collections.abc import Mapping
from pathlib import Path

from graphql import OperationDefinitionNode

from api import operations
from api.admission import Admission
from api.documents import Documents
from api.manifest import ManifestProblem, documents_in

FOLDER = Path(operations.__file__).parent
MANIFEST = "manifest.json"


def trusted_documents(documents: Documents, path: str | None = None) -> dict[str, str]:
    """The documents of a manifest by id; the shipped one's without a path. Raises ManifestProblem."""
    told = documents_in(_read(Path(path) if path is not None else FOLDER / MANIFEST))
    pin_all(documents, told)
    return told


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestProblem(f"The manifest of trusted documents cannot be read: {path}: {error}.") from None


def pin_all(documents: Documents, told: Mapping[str, str]) -> None:
    """Prepares them all. Raises ManifestProblem for the first that is too large or not valid against the schema."""
    for id_, text in told.items():
        if errors := documents.pin(text).errors:
            raise ManifestProblem(f"The trusted document {id_} is not valid: {errors[0].message}")


def check_costs(documents: Documents, told: Mapping[str, str], admission: Admission) -> None:
    """Raises ManifestProblem for the first that can cost more than one operation may, by its largest pages."""
    for id_, text in told.items():
        document = documents.prepare(text).document
        assert document is not None
        for operation in document.definitions:
            if isinstance(operation, OperationDefinitionNode):
                cost = admission.cost(document, operation).points
                if cost > admission.most_cost:
                    raise ManifestProblem(
                        f"The trusted document {id_} can cost {cost}; the most is {admission.most_cost}."
                    )
