"""What can be wrong with an embedded server."""


class EmbeddedServiceError(Exception):
    """An embedded server cannot be had; the message is a sentence for the person at the keyboard."""
