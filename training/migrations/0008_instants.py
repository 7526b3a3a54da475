from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("training", "0007_exact_scores")]

    operations = [
        migrations.AddField(
            model_name="completion",
            name="completed_at",
            field=models.DateTimeField(help_text="If its source, a statement, told the instant.", null=True),
        ),
        migrations.AddField(
            model_name="completionreport",
            name="completed_at",
            field=models.DateTimeField(help_text="That of the completion, as the statement tells it.", null=True),
        ),
    ]
