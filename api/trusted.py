"""Trusted documents: those of the manifest. They are checked and prepared at start, and never evicted."""

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
    """The documents of a manifest by id; without a path, those of the shipped manifest. Raises ManifestProblem."""
    trusted = documents_in(_read(Path(path) if path is not None else FOLDER / MANIFEST))
    pin_all(documents, trusted)
    return trusted


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestProblem(f"The manifest of trusted documents cannot be read: {path}: {error}.") from None


def pin_all(documents: Documents, trusted: Mapping[str, str]) -> None:
    """Prepares all trusted documents. Raises ManifestProblem for the first that is too large or invalid."""
    for id_, text in trusted.items():
        if errors := documents.pin(text).errors:
            raise ManifestProblem(f"The trusted document {id_} is not valid: {errors[0].message}")


def check_costs(documents: Documents, trusted: Mapping[str, str], admission: Admission) -> None:
    """Raises ManifestProblem for the first document that, with its largest pages, can cost more than is allowed."""
    for id_, text in trusted.items():
        document = documents.prepare(text).document
        assert document is not None
        for operation in document.definitions:
            if isinstance(operation, OperationDefinitionNode):
                cost = admission.cost(document, operation).points
                if cost > admission.most_cost:
                    raise ManifestProblem(
                        f"The trusted document {id_} can cost {cost}; the most is {admission.most_cost}."
                    )
