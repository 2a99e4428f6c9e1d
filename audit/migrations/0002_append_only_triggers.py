"""Post-deploy safe: the database itself refuses to change or remove what the trail holds.

Reversible: the way back removes the triggers and leaves every row as it is.
Only a superuser can pass them (`session_replication_role`, `ALTER TABLE ... DISABLE TRIGGER` by the tables' owner), and
`verify_audit_trail` finds what such a session changed.
"""

from django.db import migrations

FUNCTIONS = """
CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE FUNCTION audit_stream_moves_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.head_seq <= OLD.head_seq
        OR (NEW.id, NEW.name) IS DISTINCT FROM (OLD.id, OLD.name)
        OR (NEW.clinic_id, NEW.conversation_id) IS DISTINCT FROM (OLD.clinic_id, OLD.conversation_id)
    THEN
        RAISE EXCEPTION 'the audit trail is append-only: a stream only moves forward'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
"""
NO_FUNCTIONS = "DROP FUNCTION audit_stream_moves_forward(); DROP FUNCTION audit_refuse_change();"

FROZEN = ("audit_entry", "audit_checkpoint", "audit_checkpointleaf")


def _row_trigger(table: str, events: str) -> str:
    return (
        f"CREATE TRIGGER audit_no_change BEFORE {events} ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();"
    )


def _truncate_trigger(table: str) -> str:
    return (
        f"CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();"
    )


TRIGGERS = (
    "".join(_row_trigger(table, "UPDATE OR DELETE") + _truncate_trigger(table) for table in FROZEN)
    + _row_trigger("audit_stream", "DELETE")
    + _truncate_trigger("audit_stream")
    + "CREATE TRIGGER audit_moves_forward BEFORE UPDATE ON audit_stream"
    " FOR EACH ROW EXECUTE FUNCTION audit_stream_moves_forward();"
)
NO_TRIGGERS = (
    "".join(
        f"DROP TRIGGER audit_no_change ON {table}; DROP TRIGGER audit_no_truncate ON {table};"
        for table in (*FROZEN, "audit_stream")
    )
    + "DROP TRIGGER audit_moves_forward ON audit_stream;"
)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_models")]

    operations = [
        migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
    ]
