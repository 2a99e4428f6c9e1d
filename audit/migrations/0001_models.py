"""Post-deploy safe: the tables of the trail. Reversible as any table is: the way back drops them with all they hold."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.BigIntegerField(unique=True)),
                ("previous", models.BinaryField()),
                ("root", models.BinaryField()),
                ("leaf_count", models.BigIntegerField()),
                ("entry_count", models.BigIntegerField()),
                ("written_at", models.DateTimeField()),
                ("public_key", models.BinaryField()),
                ("digest", models.BinaryField()),
                ("signature", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="Stream",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.TextField(unique=True)),
                ("clinic_id", models.UUIDField(null=True)),
                ("conversation_id", models.UUIDField(null=True)),
                ("head_seq", models.BigIntegerField()),
                ("head_digest", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="CheckpointLeaf",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.BigIntegerField()),
                ("stream_name", models.TextField()),
                ("seq", models.BigIntegerField()),
                ("digest", models.BinaryField()),
                (
                    "checkpoint",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="leaves",
                        to="audit.checkpoint",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["stream_name", "-seq"], name="audit_leaf_stream")],
                "constraints": [models.UniqueConstraint(fields=("checkpoint", "position"), name="audit_leaf_once")],
            },
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("seq", models.BigIntegerField()),
                ("recorded", models.DateTimeField()),
                ("action", models.TextField()),
                ("outcome", models.TextField()),
                ("agent_kind", models.TextField()),
                ("agent_id", models.TextField()),
                ("agent_role", models.TextField()),
                ("entity_kind", models.TextField()),
                ("entity_id", models.TextField()),
                ("clinic_id", models.UUIDField(null=True)),
                ("conversation_id", models.UUIDField(null=True)),
                ("detail", models.TextField()),
                ("previous", models.BinaryField()),
                ("digest", models.BinaryField()),
                (
                    "stream",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="audit.stream",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["clinic_id", "-recorded", "-id"], name="audit_entry_clinic"),
                    models.Index(fields=["conversation_id", "seq"], name="audit_entry_conversation"),
                    models.Index(fields=["action", "-recorded"], name="audit_entry_action"),
                ],
                "constraints": [models.UniqueConstraint(fields=("stream", "seq"), name="audit_entry_once")],
            },
        ),
    ]
