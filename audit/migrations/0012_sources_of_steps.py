from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0011_ends_brought_forward"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="stepevent",
            index=models.Index(fields=["workflow", "source"], name="stepevent_sources"),
        ),
    ]
