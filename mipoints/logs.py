"""What processes say while they run: one line an event, on stderr."""

import logging


def log_to_stderr() -> None:
    """Our own and the libraries' news; the libraries' chatter stays out."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.INFO)
    for name in ("uvicorn", "httpx", "httpcore", "arq"):
        logging.getLogger(name).setLevel(logging.WARNING)
