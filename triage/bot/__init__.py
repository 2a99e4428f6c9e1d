"""The bot: it says approved content only, and is pure. No database, no clock of its own, no text generation."""
