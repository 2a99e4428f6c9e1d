"""Releases of content: what a clinic approved, put to use, retired and rolled back."""

import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_switch_off_mode"),
        ("triage", "0008_safety_plans"),
    ]

    operations = [
        migrations.CreateModel(
            name="ContentRelease",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("locale", models.CharField(max_length=8)),
                ("key", models.CharField(max_length=40)),
                ("version", models.PositiveIntegerField()),
                ("digest", models.CharField(max_length=64)),
                ("source", models.TextField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "Waiting for approvals"),
                            ("active", "In use"),
                            ("replaced", "Replaced"),
                            ("retired", "Retired"),
                            ("rolled_back", "Rolled back"),
                        ],
                        default="proposed",
                        max_length=12,
                    ),
                ),
                ("stops_item", models.BooleanField(default=False)),
                ("reason", models.CharField(blank=True, default="", max_length=300)),
                ("opened_at", models.DateTimeField()),
                ("active_from", models.DateTimeField(blank=True, null=True)),
                ("replaced_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "clinic",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="content_releases",
                        to="accounts.clinic",
                    ),
                ),
                (
                    "ended_by",
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
            name="ContentApproval",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.membership"
                    ),
                ),
                (
                    "release",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="approvals",
                        to="triage.contentrelease",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="contentrelease",
            index=models.Index(fields=["clinic", "locale", "key"], name="content_releases_by_item"),
        ),
        migrations.AddConstraint(
            model_name="contentrelease",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "active")),
                fields=("clinic", "locale", "key"),
                name="one_edition_in_use_an_item",
            ),
        ),
        migrations.AddConstraint(
            model_name="contentrelease",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ("proposed", "active", "replaced"))),
                fields=("clinic", "locale", "key", "version", "digest"),
                name="one_live_release_an_edition",
            ),
        ),
        migrations.AddConstraint(
            model_name="contentrelease",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "active"), _negated=True), ("active_from__isnull", False), _connector="OR"
                ),
                name="an_edition_in_use_since_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="contentrelease",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("ended_at__isnull", True),
                        ("ended_by__isnull", True),
                        ("state__in", ("proposed", "active", "replaced")),
                    ),
                    models.Q(
                        ("ended_at__isnull", False),
                        ("ended_by__isnull", False),
                        ("state__in", ("retired", "rolled_back")),
                    ),
                    _connector="OR",
                ),
                name="an_edition_is_ended_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="contentrelease",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "retired"), _negated=True),
                    models.Q(("reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="a_release_is_retired_with_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="contentapproval",
            constraint=models.UniqueConstraint(fields=("release", "member"), name="one_content_approval_a_member"),
        ),
    ]
