"""People working with conversations: desk, takeover, escalation, review."""
