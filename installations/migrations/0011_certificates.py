

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('installations', '0010_people'),
    ]

    operations = [
        migrations.AddField(
            model_name='portal',
            name='certificate',
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='portal',
            name='rows_to_erase',
            field=models.JSONField(blank=True, null=True),
        ),
    ]
