"""Alerts may come of an answer in a screening. The column does not change, only the words that it may hold."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_switch_off_mode"),
        ("triage", "0004_learning"),
    ]

    operations = [
        migrations.AlterField(
            model_name="alert",
            name="kind",
            field=models.CharField(
                choices=[
                    ("risk", "Risk in a message"),
                    ("person", "The client asks for a person"),
                    ("unscored", "A message could not be scored"),
                    ("screening", "An answer in a screening"),
                ],
                max_length=12,
            ),
        ),
    ]
