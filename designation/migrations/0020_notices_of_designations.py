from django.db import migrations, models


class Migration(migrations.Migration):
    """A kind of notices more to choose by: what becomes of agents' designations."""

    dependencies = [("designation", "0019_list_of_designations")]

    operations = [
        migrations.AlterField(
            model_name="inapponly",
            name="kind",
            field=models.CharField(
                choices=[
                    ("needs_me", "Something needs me"),
                    ("decided", "Decided"),
                    ("authority", "Authority of agents"),
                    ("comments", "Comments and files"),
                    ("due", "Due soon and late"),
                    ("digest", "Daily digest"),
                    ("training", "Training and disputes"),
                    ("exports", "Exports"),
                ],
                max_length=10,
            ),
        ),
    ]
