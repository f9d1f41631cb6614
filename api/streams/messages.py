"""The messages of clients over graphql-transport-ws, read strictly, and the close codes."""

from dataclasses import dataclass
from typing import Any

from api import requests
from api.bodies import NotJson, read_json

BAD_REQUEST = 4400
UNAUTHORIZED = 4401
FORBIDDEN = 4403
NOT_A_SUBPROTOCOL = 4406
INIT_TIMEOUT = 4408
ALREADY_THERE = 4409
TOO_MANY = 4429
GOING_AWAY = 1001
TRY_AGAIN_LATER = 1013

_KINDS = ("connection_init", "ping", "pong", "subscribe", "complete")
_LONGEST_ID = 128
_LONGEST_REASON = 123


class Ended(Exception):
    """Ends the connection; `code` is the WebSocket's close code, the message its reason."""

    def __init__(self, code: int, sentence: str) -> None:
        self.code = code
        super().__init__(sentence.encode()[:_LONGEST_REASON].decode("utf-8", "ignore"))


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a client, of `size` characters. `id` is the operation's; it is empty if there is none."""

    kind: str
    id: str
    payload: dict[str, Any]
    size: int


def read_message(text: str | None) -> Message:
    """A message. Raises Ended with 4400 for anything that is not in the protocol."""
    if text is None:
        raise Ended(BAD_REQUEST, "Messages are texts.")
    try:
        value = read_json(text.encode("utf-8", "surrogatepass"), requests.MOST_VALUES)
    except NotJson as error:
        raise Ended(BAD_REQUEST, str(error).replace("The body", "The message")) from None
    if not isinstance(value, dict) or value.get("type") not in _KINDS:
        raise Ended(BAD_REQUEST, f"A message is an object with one of these types: {', '.join(_KINDS)}.")
    kind, payload = str(value["type"]), value.get("payload")
    if not isinstance(payload, dict) and (payload is not None or kind == "subscribe"):
        raise Ended(BAD_REQUEST, f"The payload of `{kind}` is an object.")
    return Message(kind, _id(value, kind), payload or {}, len(text))


def _id(value: dict[str, Any], kind: str) -> str:
    if kind not in {"subscribe", "complete"}:
        return ""
    id_ = value.get("id")
    if not isinstance(id_, str) or not 0 < len(id_) <= _LONGEST_ID:
        raise Ended(BAD_REQUEST, f"`{kind}` has an id, a text of 1 to {_LONGEST_ID} characters.")
    return id_


def header_of(payload: dict[str, Any], name: str) -> str:
    """The value that replaces a header, in the payload of `connection_init` or in its `headers`; or an empty text.

    Browsers cannot send headers of their own over WebSocket.
    """
    for values in (payload, payload.get("headers")):
        if isinstance(values, dict):
            for key, value in values.items():
                if key.lower() == name and isinstance(value, str):
                    return value
    return ""
