"""The bare pipeline: what any chat with gap-free numbers must do, and nothing else. The reference of the bench."""
