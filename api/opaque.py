"""Opaque text: clients store it and send it back without reading it."""

from binascii import b2a_base64

_FOR_ADDRESSES = bytes.maketrans(b"+/", b"-_")


def opaque(text: str) -> str:
    """A text in base64 as it may stand in an address, without padding."""
    return b2a_base64(text.encode(), newline=False).translate(_FOR_ADDRESSES).rstrip(b"=").decode()
