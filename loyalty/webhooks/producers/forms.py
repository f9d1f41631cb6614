"""The forms of signatures, right and wrong: how 32 bytes are written, which content is signed, and with which key.

The forms of bodies are in `rewritten.py`.
"""

import base64
import re
import unicodedata
from dataclasses import dataclass

HEX, UPPER_HEX, BASE64, URL_BASE64, BASE64_OF_HEX = (
    "hexadecimal",
    "upper-case hexadecimal",
    "base64",
    "base64 for addresses (- and _)",
    "base64 of hexadecimal",
)
_PATTERN = re.compile(
    r"(?<![0-9A-Za-z+/_-])(?:[0-9a-fA-F]{64}|[0-9A-Za-z+/_-]{43}=?|[0-9A-Za-z+/]{86}(?:==)?)(?![0-9A-Za-z+/_=-])"
)
_LONGEST_HEADER = 4000
_MOST = 10


@dataclass(frozen=True, slots=True)
class WrittenSignature:
    """The 32 bytes of a signature, and the text that stands for them in a header."""

    digest: bytes
    encoding: str
    text: str


def signatures_written_in(header: str) -> list[WrittenSignature]:
    """The first ten texts in a header that can be an HMAC-SHA256."""
    texts = [match[0] for match in _PATTERN.finditer(header[:_LONGEST_HEADER])]
    return [written for text in texts[:_MOST] if (written := _read(text)) is not None]


def encoded_digest(digest: bytes, encoding: str) -> str:
    """The 32 bytes in that encoding."""
    plain = base64.b64encode(digest).decode()
    return {
        HEX: digest.hex(),
        UPPER_HEX: digest.hex().upper(),
        BASE64: plain,
        URL_BASE64: plain.translate(str.maketrans("+/", "-_")),
        BASE64_OF_HEX: base64.b64encode(digest.hex().encode()).decode(),
    }[encoding]


def _read(text: str) -> WrittenSignature | None:
    if len(text) == 64:
        return WrittenSignature(bytes.fromhex(text), HEX if text == text.lower() else UPPER_HEX, text)
    decoded = _base64(text.translate(str.maketrans("-_", "+/")).rstrip("="))
    if decoded is not None and len(decoded) == 32:
        return WrittenSignature(decoded, URL_BASE64 if re.search("[-_]", text) else BASE64, text)
    if decoded is not None and re.fullmatch(b"[0-9a-fA-F]{64}", decoded):
        return WrittenSignature(bytes.fromhex(decoded.decode()), BASE64_OF_HEX, text)
    return None


def _base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return None


def keys_of(secret: str) -> dict[str, bytes]:
    """The keys that people often make of a secret: each in words, with its bytes. No empty key, and each once."""
    bare = secret.removeprefix("whsec_")
    texts = {
        "the secret's text": secret,
        "the secret's text in Unicode's form NFKD": unicodedata.normalize("NFKD", secret),
        "the secret's text in Unicode's form NFC": unicodedata.normalize("NFC", secret),
        "the secret's text without the white space around it": secret.strip(),
        "the secret's text with a line break at its end": secret + "\n",
        "the secret's text after whsec_, not decoded": bare,
    }
    keys = {words: text.encode("utf-8", "surrogatepass") for words, text in texts.items()}
    keys["the bytes that base64 after whsec_ stands for"] = _base64(bare.rstrip("=")) or b""
    keys["the bytes that hexadecimal stands for"] = _hexadecimal(secret)
    each_once: dict[bytes, str] = {}
    for words, key in keys.items():
        each_once.setdefault(key, words)
    return {words: key for key, words in each_once.items() if key}


def _hexadecimal(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def contents_of(body: bytes, event_id: str, timestamp: str) -> dict[str, bytes]:
    """The contents that producers sign, each in words. Without id or timestamp only those that need none."""
    id_, time = event_id.encode("utf-8", "replace"), timestamp.encode("utf-8", "replace")
    contents = {"the body alone": body}
    if time:
        contents["`timestamp.body`"] = time + b"." + body
    if time and id_:
        contents["`id.timestamp.body`"] = id_ + b"." + time + b"." + body
    return contents
