"""A shift remembers when its member was last seen. Shifts from before count as seen when they began."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F


def _seen_when_started(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("counselling", "Shift").objects.update(seen_at=F("started_at"))


class Migration(migrations.Migration):
    dependencies = [("counselling", "0001_periods")]

    operations = [
        migrations.AddField(model_name="shift", name="seen_at", field=models.DateTimeField(null=True)),
        migrations.RunPython(_seen_when_started, migrations.RunPython.noop),
        migrations.AlterField(model_name="shift", name="seen_at", field=models.DateTimeField()),
    ]
