"""The error of an embedded server."""


class EmbeddedServiceError(Exception):
    """An embedded server cannot be started; the message is a sentence for the person at the keyboard."""
