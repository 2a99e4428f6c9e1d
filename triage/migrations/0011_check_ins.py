"""Check-ins that clients agreed to, and the task for a missed one. Reversible: both tables go."""

import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_legal_profile"),
        ("triage", "0010_client_memory"),
    ]

    operations = [
        migrations.AlterField(
            model_name="caretask",
            name="kind",
            field=models.CharField(
                choices=[
                    ("screening_review", "Read the answers of a screening"),
                    ("missed_check_in", "Look at a check-in that was missed"),
                ],
                max_length=20,
            ),
        ),
        migrations.CreateModel(
            name="CheckInPlan",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "reason",
                    models.CharField(
                        choices=[("after_flag", "After a flagged chat"), ("after_treatment", "After treatment")],
                        max_length=16,
                    ),
                ),
                ("time_zone", models.CharField(max_length=60)),
                ("wall_time", models.TimeField()),
                ("until", models.DateField(blank=True, null=True)),
                ("address_key", models.BinaryField(blank=True, max_length=128, null=True)),
                ("sealed_address", models.BinaryField(blank=True, null=True)),
                ("names_clinic", models.BooleanField(default=False)),
                ("made_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="check_in_plans", to="triage.client"
                    ),
                ),
                (
                    "clinic",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="check_in_plans", to="accounts.clinic"
                    ),
                ),
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
            ],
        ),
        migrations.CreateModel(
            name="CheckIn",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("number", models.PositiveSmallIntegerField()),
                ("due_at", models.DateTimeField()),
                ("tried_at", models.DateTimeField(blank=True, null=True)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("opened_at", models.DateTimeField(blank=True, null=True)),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                ("missed_at", models.DateTimeField(blank=True, null=True)),
                ("stopped_at", models.DateTimeField(blank=True, null=True)),
                (
                    "task",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="check_in",
                        to="triage.caretask",
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="check_ins", to="triage.checkinplan"
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="checkinplan",
            index=models.Index(fields=["clinic", "-made_at"], name="check_in_plans_of_a_clinic"),
        ),
        migrations.AddConstraint(
            model_name="checkinplan",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)),
                fields=("client", "reason"),
                name="one_check_in_plan_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="checkinplan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ended_at__isnull", True),
                    models.Q(("address_key__isnull", True), ("sealed_address__isnull", True)),
                    _connector="OR",
                ),
                name="an_ended_plan_has_no_address",
            ),
        ),
        migrations.AddConstraint(
            model_name="checkinplan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("address_key__isnull", True), ("sealed_address__isnull", True)),
                    models.Q(("address_key__isnull", False), ("sealed_address__isnull", False)),
                    _connector="OR",
                ),
                name="an_address_has_its_key",
            ),
        ),
        migrations.AddIndex(
            model_name="checkin",
            index=models.Index(
                condition=models.Q(
                    ("answered_at__isnull", True), ("missed_at__isnull", True), ("stopped_at__isnull", True)
                ),
                fields=["due_at"],
                name="check_ins_to_come",
            ),
        ),
        migrations.AddConstraint(
            model_name="checkin",
            constraint=models.UniqueConstraint(fields=("plan", "number"), name="one_check_in_a_number"),
        ),
        migrations.AddConstraint(
            model_name="checkin",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("stopped_at__isnull", True),
                    models.Q(("answered_at__isnull", True), ("missed_at__isnull", True)),
                    _connector="OR",
                ),
                name="a_stopped_check_in_is_neither_answered_nor_missed",
            ),
        ),
        migrations.AddConstraint(
            model_name="checkin",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("missed_at__isnull", True), ("task__isnull", True)),
                    models.Q(("missed_at__isnull", False), ("task__isnull", False)),
                    _connector="OR",
                ),
                name="a_missed_check_in_has_its_task",
            ),
        ),
    ]
