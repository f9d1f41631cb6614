"""Documents by id: the app's own, from the manifest, and those that a client sent once with their hash (APQ)."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from api.problems import BadUserInput, Forbidden, PersistedQueryNotFound
from api.requests import OperationRequest
from loyalty.callers import Caller

_NOT_ITS_ID = "The id is not the SHA-256 of the document, in lower case hexadecimal digits."
_BY_ID_ONLY = "This API runs documents of its manifest only: send the id of one, as `documentId`, and no text."


def hash_of(text: str) -> str:
    """The id of a document: SHA-256 of its UTF-8, in hexadecimal digits."""
    return sha256(text.encode()).hexdigest()


@dataclass(slots=True)
class Persisted:
    """Finds documents by id. `most` texts of at most `longest` characters are kept, the ones used last.

    `trusted` are the manifest's documents by id. Where `is_strict`, whoever is no service may run these only.
    """

    trusted: Mapping[str, str] = field(default_factory=dict)
    is_strict: bool = False
    most: int = 1000
    longest: int = 16_384
    _kept: "OrderedDict[str, str]" = field(default_factory=OrderedDict)

    def text_of(self, told: OperationRequest, caller: Caller) -> str:
        """The document that is meant.

        Raises PersistedQueryNotFound for an id nobody told us, BadUserInput for a text that is not its id's, and
        Forbidden for a text of the caller's own where only trusted documents run.
        """
        if told.query is None:
            return self._found(told.document_id or "", may_run_any=self._may_run_any(caller))
        if told.document_id is not None and told.document_id != hash_of(told.query):
            raise BadUserInput(_NOT_ITS_ID)
        if not self._may_run_any(caller) and told.document_id not in self.trusted:
            raise Forbidden(_BY_ID_ONLY)
        return told.query

    def _may_run_any(self, caller: Caller) -> bool:
        return caller.is_service or not self.is_strict

    def _found(self, document_id: str, *, may_run_any: bool) -> str:
        if text := self.trusted.get(document_id):
            return text
        if not may_run_any or document_id not in self._kept:
            raise PersistedQueryNotFound
        self._kept.move_to_end(document_id)
        return self._kept[document_id]

    def keep(self, told: OperationRequest) -> None:
        """Remembers a document that came with its id; to be called once it is known to be valid."""
        document_id, text = told.document_id, told.query
        if document_id is None or text is None or document_id in self.trusted or len(text) > self.longest:
            return
        self._kept[document_id] = text
        self._kept.move_to_end(document_id)
        if len(self._kept) > self.most:
            self._kept.popitem(last=False)
