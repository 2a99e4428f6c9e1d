"""Screenings with their answers, and licences of instruments."""

import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_switch_off_mode"),
        ("triage", "0005_screening_alerts"),
    ]

    operations = [
        migrations.CreateModel(
            name="Screening",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("instrument", models.CharField(max_length=20)),
                ("instrument_version", models.PositiveSmallIntegerField()),
                ("instrument_digest", models.CharField(max_length=64)),
                ("content_version", models.PositiveIntegerField()),
                ("content_digest", models.CharField(max_length=64)),
                ("locale", models.CharField(max_length=8)),
                (
                    "state",
                    models.CharField(
                        choices=[("under_way", "Under way"), ("finished", "Finished"), ("left", "Left in the middle")],
                        default="under_way",
                        max_length=10,
                    ),
                ),
                ("total", models.SmallIntegerField(blank=True, null=True)),
                ("band", models.CharField(blank=True, default="", max_length=40)),
                ("missing", models.PositiveSmallIntegerField(default=0)),
                ("prorated", models.BooleanField(default=False)),
                ("level", models.CharField(blank=True, default="", max_length=10)),
                ("started_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="screenings", to="triage.client"
                    ),
                ),
                (
                    "clinic",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="screenings", to="accounts.clinic"
                    ),
                ),
                (
                    "conversation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="screenings", to="triage.conversation"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ScreeningAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("item", models.PositiveSmallIntegerField()),
                ("value", models.SmallIntegerField(blank=True, null=True)),
                ("answered_at", models.DateTimeField()),
                (
                    "screening",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="answers", to="triage.screening"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="InstrumentLicence",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("instrument", models.CharField(max_length=20)),
                ("proof", models.CharField(max_length=200)),
                ("stated_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "clinic",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="instrument_licences",
                        to="accounts.clinic",
                    ),
                ),
                (
                    "stated_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.membership"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("clinic", "instrument"),
                        name="one_standing_licence_an_instrument",
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="screening",
            index=models.Index(fields=["client", "instrument", "-started_at"], name="screenings_of_a_client"),
        ),
        migrations.AddIndex(
            model_name="screening",
            index=models.Index(fields=["clinic", "-started_at"], name="screenings_of_a_clinic"),
        ),
        migrations.AddConstraint(
            model_name="screening",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "under_way")),
                fields=("conversation",),
                name="one_screening_under_way_a_conversation",
            ),
        ),
        migrations.AddConstraint(
            model_name="screening",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("finished_at__isnull", False), ("state", "finished")),
                    models.Q(models.Q(("state", "finished"), _negated=True), ("finished_at__isnull", True)),
                    _connector="OR",
                ),
                name="a_finished_screening_says_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="screeninganswer",
            constraint=models.UniqueConstraint(fields=("screening", "item"), name="one_answer_an_item"),
        ),
    ]
