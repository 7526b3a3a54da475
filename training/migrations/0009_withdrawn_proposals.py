from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("training", "0008_instants")]

    operations = [
        migrations.AddField(
            model_name="proposal",
            name="withdrawn",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Not accepted, since the agency proposed another outcome itself.",
            ),
        ),
    ]
