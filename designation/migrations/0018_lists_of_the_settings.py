from django.db import migrations, models


class Migration(migrations.Migration):
    """Which lists there are, the settings say."""

    dependencies = [("designation", "0017_home_visits")]

    operations = [
        migrations.AlterField(
            model_name="savedview",
            name="list",
            field=models.CharField(help_text="The name of one of the settings’ lists.", max_length=20),
        ),
    ]
