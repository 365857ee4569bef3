"""Orders take their numbers from one plain sequence: no row is locked, so checkouts never wait for each other."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("commerce", "0001_initial")]

    operations = [
        migrations.RunSQL(
            sql="CREATE SEQUENCE commerce_order_number START WITH 100001",
            reverse_sql="DROP SEQUENCE commerce_order_number",
        )
    ]
