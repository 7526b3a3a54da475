from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("training", "0006_completion_reports")]

    operations = [
        migrations.AlterField(
            model_name="completion",
            name="score",
            field=models.DecimalField(
                decimal_places=4,
                help_text="Percent, cut off after four decimals.",
                max_digits=7,
                null=True,
                validators=[MinValueValidator(0), MaxValueValidator(100)],
            ),
        ),
    ]
