from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("training", "0004_completion_files")]

    operations = [
        migrations.AddField(
            model_name="moduleversion",
            name="retirement_asked_by",
            field=models.CharField(
                blank=True,
                choices=[("HSI", "HSI"), ("DEA", "DEA")],
                db_default="",
                default="",
                editable=False,
                help_text="The owner that asked the other to retire it while it is published.",
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="moduleversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("state", "published"), ("retirement_asked_by", ""), _connector="OR"),
                name="version_retirement_asked_while_published",
            ),
        ),
    ]
