"""Heartbeats are written anew every five seconds: the table is made afresh, nothing is lost."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('plumbing', '0002_note'),
    ]

    operations = [
        migrations.DeleteModel(name='Heartbeat'),
        migrations.CreateModel(
            name='Heartbeat',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=255)),
                ('host', models.CharField(max_length=255)),
                ('pid', models.PositiveIntegerField()),
                ('beat_at', models.DateTimeField()),
                ('detail', models.TextField(blank=True, help_text='What the part could not do at its last beat; blank is well.')),
            ],
            options={
                'verbose_name': 'heartbeat',
                'constraints': [models.UniqueConstraint(fields=('name', 'host'), name='heartbeat_once_per_part_and_host')],
            },
        ),
    ]
