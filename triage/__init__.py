"""The conversation: client, messages, bot, assessment, alert."""
