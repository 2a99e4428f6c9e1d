"""Are the triggers that refuse changes still there and switched on? Their owner could have dropped them for a while."""

from collections.abc import Iterator

from django.db import connection

from audit.findings import Finding, Kind

_FROZEN = ("audit_entry", "audit_stream", "audit_checkpoint", "audit_checkpointleaf")
GUARDS = frozenset(
    {(table, trigger) for table in _FROZEN for trigger in ("audit_no_change", "audit_no_truncate")}
    | {("audit_stream", "audit_moves_forward")}
)

# 'O' fires in ordinary sessions, 'A' always; 'D' is off and 'R' fires in replica sessions only.
_ACTIVE = """
SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relname = ANY(%s::text[]) AND c.relnamespace = current_schema()::regnamespace AND t.tgenabled IN ('O', 'A')
"""


def missing_guards() -> Iterator[Finding]:
    """One finding for each trigger that is gone or off."""
    with connection.cursor() as cursor:
        cursor.execute(_ACTIVE, [list(_FROZEN)])
        active = set(cursor.fetchall())
    for table, trigger in sorted(GUARDS - active):
        yield Finding(Kind.GUARD, f"trigger {trigger} of table {table} is gone or switched off")
