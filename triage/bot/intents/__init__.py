"""What a message asks for, by a small reviewed table: the same answer every time, and "I do not know" when unsure."""

from triage.bot.intents.table import Heard, IntentTable, read_intents

__all__ = ["Heard", "IntentTable", "read_intents"]
