"""Documents by id: the app's own from the manifest, and those that a client sent once with their hash (APQ)."""

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
    """The id of a document: the SHA-256 of its UTF-8 text, in lower case hexadecimal digits."""
    return sha256(text.encode()).hexdigest()


@dataclass(slots=True)
class Persisted:
    """Finds documents by id. It holds the `most` texts that were used last, each of at most `longest` characters.

    `trusted` are the manifest's documents by id. If `is_strict`, only services may run other documents.
    """

    trusted: Mapping[str, str] = field(default_factory=dict)
    is_strict: bool = False
    most: int = 1000
    longest: int = 16_384
    _texts: "OrderedDict[str, str]" = field(default_factory=OrderedDict)

    def text_of(self, request: OperationRequest, caller: Caller) -> str:
        """The text of the document to run.

        Raises PersistedQueryNotFound for an unknown id, BadUserInput if the id is not the hash of the text, and
        Forbidden if the caller may run trusted documents only and sent another text.
        """
        if request.query is None:
            return self._text_by_id(request.document_id or "", may_run_any=self._may_run_any(caller))
        if request.document_id is not None and request.document_id != hash_of(request.query):
            raise BadUserInput(_NOT_ITS_ID)
        if not self._may_run_any(caller) and request.document_id not in self.trusted:
            raise Forbidden(_BY_ID_ONLY)
        return request.query

    def _may_run_any(self, caller: Caller) -> bool:
        return caller.is_service or not self.is_strict

    def _text_by_id(self, document_id: str, *, may_run_any: bool) -> str:
        if text := self.trusted.get(document_id):
            return text
        if not may_run_any or document_id not in self._texts:
            raise PersistedQueryNotFound
        self._texts.move_to_end(document_id)
        return self._texts[document_id]

    def keep(self, request: OperationRequest) -> None:
        """Stores a document that came with its id. Call it only after the document was validated."""
        document_id, text = request.document_id, request.query
        if document_id is None or text is None or document_id in self.trusted or len(text) > self.longest:
            return
        self._texts[document_id] = text
        self._texts.move_to_end(document_id)
        if len(self._texts) > self.most:
            self._texts.popitem(last=False)
