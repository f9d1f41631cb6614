"""Opens a listening socket, or explains in a sentence why that fails."""

import errno
import socket

from loyalty.loopback import is_loopback
from mipoints.problems import UserError

_UNREAD_SECONDS = 30


def listen(host: str, port: int) -> socket.socket:
    """Returns a socket that listens. Raises Problem for a port in use, or a host that is not this machine's."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _limit_unread_time(listener)
        listener.bind(address)
        listener.listen()
    except (OSError, OverflowError) as error:
        raise UserError(_sentence(host, port, error)) from error
    return listener


def check_is_loopback(host: str) -> None:
    """Raises Problem if other machines could reach a sandbox that listens on this host."""
    try:
        address = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0]
    except (OSError, UnicodeError) as error:
        raise UserError(f"Nothing can listen on {host}: {error}.") from error
    if not is_loopback(str(address)):
        raise UserError(
            f"A sandbox gives tokens to everybody, and others could reach {host}: listen on 127.0.0.1, or say --i-know."
        )


def _limit_unread_time(listener: socket.socket) -> None:
    """Linux closes a connection if the other side acknowledges no data for _UNREAD_SECONDS; the unsent data is
    dropped."""
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1000 * _UNREAD_SECONDS)


def _sentence(host: str, port: int, error: Exception) -> str:
    code = getattr(error, "errno", None)
    if code == errno.EADDRINUSE:
        return f"Port {port} is in use by another program: stop it, or choose another with --port or MIPOINTS_PORT."
    if code == errno.EACCES:
        return f"Port {port} is reserved for the administrator: choose one above 1023 with --port or MIPOINTS_PORT."
    return f"Nothing can listen on {host} port {port}: {error}."
