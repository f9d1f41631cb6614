"""The logs of a running process: one line for each event, on stderr."""

import logging


def log_to_stderr() -> None:
    """Logs our own events and the libraries' important ones; the libraries' routine messages are left out."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.INFO)
    for name in ("uvicorn", "httpx", "httpcore", "arq"):
        logging.getLogger(name).setLevel(logging.WARNING)
