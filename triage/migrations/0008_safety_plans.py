"""Safety plans with their versions; the database refuses to change what a version says.

Reversible: the way back removes the trigger and both tables. An update that only clears a session is let through.
"""

import uuid

import django.db.models.deletion
from django.db import migrations, models

FROZEN = """
CREATE FUNCTION safety_plan_version_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a saved version of a safety plan is never changed' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER safety_plan_version_stays
BEFORE UPDATE OF plan_id, number, sealed_parts, writer, member_id, restored_from, written_at
ON triage_safetyplanversion FOR EACH ROW EXECUTE FUNCTION safety_plan_version_stays();
"""
NOT_FROZEN = """
DROP TRIGGER safety_plan_version_stays ON triage_safetyplanversion;
DROP FUNCTION safety_plan_version_stays();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_switch_off_mode"),
        ("triage", "0007_care_tasks"),
    ]

    operations = [
        migrations.CreateModel(
            name="SafetyPlan",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("plan_key", models.BinaryField(blank=True, max_length=128, null=True)),
                ("last_version", models.PositiveIntegerField(default=0)),
                ("begun_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                ("erased_at", models.DateTimeField(blank=True, null=True)),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="safety_plans", to="triage.client"
                    ),
                ),
                (
                    "clinic",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="safety_plans", to="accounts.clinic"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SafetyPlanVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("sealed_parts", models.BinaryField()),
                (
                    "writer",
                    models.CharField(
                        choices=[("client", "The client"), ("member", "A member of the team")], max_length=10
                    ),
                ),
                ("restored_from", models.PositiveIntegerField(blank=True, null=True)),
                ("written_at", models.DateTimeField()),
                (
                    "member",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.membership",
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="versions", to="triage.safetyplan"
                    ),
                ),
                (
                    "session",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="triage.clientsession",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="safetyplan",
            constraint=models.UniqueConstraint(
                condition=models.Q(("erased_at__isnull", True)), fields=("client",), name="one_safety_plan_a_client"
            ),
        ),
        migrations.AddConstraint(
            model_name="safetyplan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("erased_at__isnull", True), ("plan_key__isnull", False)),
                    models.Q(("erased_at__isnull", False), ("plan_key__isnull", True)),
                    _connector="OR",
                ),
                name="an_erased_plan_has_no_key",
            ),
        ),
        migrations.AddConstraint(
            model_name="safetyplanversion",
            constraint=models.UniqueConstraint(fields=("plan", "number"), name="one_version_a_number"),
        ),
        migrations.AddConstraint(
            model_name="safetyplanversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("member__isnull", False), ("session__isnull", True), ("writer", "member")),
                    models.Q(("member__isnull", True), ("writer", "client")),
                    _connector="OR",
                ),
                name="a_version_names_its_writer",
            ),
        ),
        migrations.RunSQL(FROZEN, NOT_FROZEN),
    ]
