"""Listening on a port, or saying in a sentence why that cannot be."""

import errno
import socket

from mipoints.problems import Problem


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises Problem for a port in use, or a host that is not this machine's."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except (OSError, OverflowError) as error:
        raise Problem(_sentence(host, port, error)) from error
    return listener


def _sentence(host: str, port: int, error: Exception) -> str:
    code = getattr(error, "errno", None)
    if code == errno.EADDRINUSE:
        return f"Port {port} is in use by another program: stop it, or choose another with --port or MIPOINTS_PORT."
    if code == errno.EACCES:
        return f"Port {port} is reserved for the administrator: choose one above 1023 with --port or MIPOINTS_PORT."
    return f"Nothing can listen on {host} port {port}: {error}."
