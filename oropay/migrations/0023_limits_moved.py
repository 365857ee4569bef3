"""The two columns of each integration become a row for every currency it takes."""

from django.db import migrations
from django.db.models import Q

LIMITED = Q(min_amount__isnull=False) | Q(max_amount__isnull=False)


def move(apps, schema_editor):
    """One without currencies takes any: its limits hold for those that its seller's websites sell in."""
    limit, website = apps.get_model("oropay", "IntegrationLimit"), apps.get_model("commerce", "Website")
    for row in apps.get_model("oropay", "Integration").objects.filter(LIMITED).order_by("pk"):
        sold_in = website.objects.filter(organization=row.organization_id).values_list("currency", flat=True)
        limit.objects.bulk_create(
            limit(integration=row, currency=currency, min_amount=row.min_amount, max_amount=row.max_amount)
            for currency in sorted(set(row.currencies or sold_in))
        )


def move_back(apps, schema_editor):
    """Two columns hold the limits of one currency: the first one."""
    moved = set()
    for limit in apps.get_model("oropay", "IntegrationLimit").objects.order_by("currency", "pk"):
        if limit.integration_id in moved:
            continue
        moved.add(limit.integration_id)
        apps.get_model("oropay", "Integration").objects.filter(pk=limit.integration_id).update(
            min_amount=limit.min_amount, max_amount=limit.max_amount
        )
    apps.get_model("oropay", "IntegrationLimit").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("oropay", "0022_limits_per_currency")]

    operations = [migrations.RunPython(move, move_back)]
