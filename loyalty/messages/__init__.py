"""What members read, in six languages: one catalogue file for each, one sentence at a time."""

from loyalty.messages.negotiation import language_of
from loyalty.messages.sentences import entry_sentence, notice_sentence, refusal_sentence, verdict_sentence, way_sentence

__all__ = ["entry_sentence", "language_of", "notice_sentence", "refusal_sentence", "verdict_sentence", "way_sentence"]
