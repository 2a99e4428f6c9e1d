"""What is remembered of a client from one conversation to the next, and mood check-ins. Reversible: both tables go."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("triage", "0009_content_releases"),
    ]

    operations = [
        migrations.CreateModel(
            name="ClientMemory",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("is_off", models.BooleanField(default=False)),
                ("memory_key", models.BinaryField(blank=True, max_length=128, null=True)),
                ("sealed_name", models.BinaryField(blank=True, null=True)),
                ("helped", models.JSONField(default=list)),
                ("unfinished", models.CharField(blank=True, default="", max_length=80)),
                ("no_breath", models.BooleanField(default=False)),
                ("no_religion", models.BooleanField(default=False)),
                ("changed_at", models.DateTimeField()),
                (
                    "client",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="memory", to="triage.client"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("is_off", False),
                            models.Q(
                                ("helped", []),
                                ("memory_key__isnull", True),
                                ("no_breath", False),
                                ("no_religion", False),
                                ("sealed_name__isnull", True),
                                ("unfinished", ""),
                            ),
                            _connector="OR",
                        ),
                        name="nothing_is_remembered_against_a_clients_wish",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("memory_key__isnull", True), ("sealed_name__isnull", True)),
                            models.Q(("memory_key__isnull", False), ("sealed_name__isnull", False)),
                            _connector="OR",
                        ),
                        name="a_remembered_name_has_a_key",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MoodCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("value", models.PositiveSmallIntegerField()),
                ("at", models.DateTimeField()),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="mood_checks", to="triage.client"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["client", "-at"], name="mood_checks_of_a_client")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("value__gte", 0), ("value__lte", 10)), name="a_mood_lies_between_0_and_10"
                    )
                ],
            },
        ),
    ]
