from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("designation", "0009_reminders_stay")]

    operations = [
        migrations.RemoveConstraint(model_name="reminder", name="reminder_once"),
        migrations.AddField(
            model_name="reminder",
            name="measure",
            field=models.CharField(
                choices=[
                    ("stage", "Each stay in a stage"),
                    ("party", "All the time on a party's clock"),
                    ("process", "The whole process"),
                ],
                default="stage",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="reminder",
            name="sequence",
            field=models.PositiveIntegerField(help_text="Of the step with which the clock first ran."),
        ),
        migrations.AddConstraint(
            model_name="reminder",
            constraint=models.UniqueConstraint(
                fields=("subject", "measure", "sequence", "what", "recipient"), name="reminder_once"
            ),
        ),
    ]
