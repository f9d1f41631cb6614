"""Why an operator does something: a sentence that the audit log keeps."""

from loyalty.refusals import InvalidInput

LONGEST_REASON = 500


def check_reason(reason: str) -> None:
    """Raises InvalidInput: the audit log keeps a reason, and so there is one."""
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise InvalidInput(f"Say why, in 1 to {LONGEST_REASON} characters.", "reason")
