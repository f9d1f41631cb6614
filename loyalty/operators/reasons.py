"""An operator's reason: a sentence that is stored in the audit log."""

from loyalty.refusals import InvalidInput

LONGEST_REASON = 500


def check_reason(reason: str) -> None:
    """Raises InvalidInput for a blank or overlong reason: the audit log needs one."""
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise InvalidInput(f"Say why, in 1 to {LONGEST_REASON} characters.", "reason")
