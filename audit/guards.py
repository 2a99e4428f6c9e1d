"""Are the triggers that refuse changes there, on, and doing what they did? Their owner could have changed them."""

import hashlib
from collections.abc import Iterator

from django.db import connection

from audit.findings import Finding, Kind

_FROZEN = ("audit_entry", "audit_stream", "audit_checkpoint", "audit_checkpointleaf")
GUARDS = frozenset(
    {(table, trigger) for table in _FROZEN for trigger in ("audit_no_change", "audit_no_truncate")}
    | {("audit_stream", "audit_moves_forward")}
)

# SHA-256 of what each function does, blanks made one: a trigger is worth what its function refuses.
# After a migration that changes a function, `test_verification.py` says the new digest.
SOURCES = {
    "audit_refuse_change": "ea71be44f3b82fe5042110dd21e6c88a25bda2d6280514b28b0a552b72fefe1b",
    "audit_stream_moves_forward": "ae55bf3575f87b0700808cbe0eba73e5ab1646b28b9d22d5c4e72574de3ed40b",
}
# 'O' fires in ordinary sessions, 'A' always; 'D' is off and 'R' fires in replica sessions only.
_ACTIVE = """
SELECT c.relname, t.tgname, pg_get_triggerdef(t.oid, true), p.proname, p.prosrc
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
WHERE c.relname = ANY(%s::text[]) AND c.relnamespace = current_schema()::regnamespace AND t.tgenabled IN ('O', 'A')
"""


def digest_of_source(source: str) -> str:
    """What stands for a function's body, however its blanks are set."""
    return hashlib.sha256(" ".join(source.split()).encode()).hexdigest()


def missing_guards() -> Iterator[Finding]:
    """One finding for each trigger that is gone, off, narrowed, or whose function was changed."""
    with connection.cursor() as cursor:
        cursor.execute(_ACTIVE, [list(_FROZEN)])
        active = {(table, trigger): rest for table, trigger, *rest in cursor.fetchall()}
    for table, trigger in sorted(GUARDS):
        if (table, trigger) not in active:
            yield Finding(Kind.GUARD, f"trigger {trigger} of table {table} is gone or switched off")
        elif not _is_as_made(table, trigger, *active[table, trigger]):
            yield Finding(Kind.GUARD, f"trigger {trigger} of table {table} does not do what it did")


def _is_as_made(table: str, trigger: str, definition: str, function: str, source: str) -> bool:
    return definition == _definition(table, trigger) and digest_of_source(source) == SOURCES.get(function)


def _definition(table: str, trigger: str) -> str:
    """The trigger as PostgreSQL writes it: when it fires, for which rows and columns, and what it calls."""
    when, call = {
        "audit_no_truncate": (f"TRUNCATE ON {table} FOR EACH STATEMENT", "audit_refuse_change"),
        "audit_moves_forward": (f"UPDATE ON {table} FOR EACH ROW", "audit_stream_moves_forward"),
        # The row of a stream moves forward, which `audit_moves_forward` watches.
        "audit_no_change": (
            f"DELETE{'' if table == 'audit_stream' else ' OR UPDATE'} ON {table} FOR EACH ROW",
            "audit_refuse_change",
        ),
    }[trigger]
    return f"CREATE TRIGGER {trigger} BEFORE {when} EXECUTE FUNCTION {call}()"
