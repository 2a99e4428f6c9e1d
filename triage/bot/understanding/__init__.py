"""Understands what a client's message does, is about and feels like. It chooses no words and judges no danger."""

from triage.bot.understanding.storing import UnderstandingRefused
from triage.bot.understanding.understanding import Understanding, understand, warm_up

__all__ = ["Understanding", "UnderstandingRefused", "understand", "warm_up"]
