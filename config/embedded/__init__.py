"""The servers of the default set-up, PostgreSQL and Valkey from wheels, and the supervisor of all its processes."""


class CannotStart(Exception):
    """A part of the service cannot start; the message says what to do about it."""
