"""Every currency in which a provider account settles has its row of limits: empty, so that nothing is limited."""

from django.db import migrations


def rows_add(apps, schema_editor):
    limits = apps.get_model("oropay", "RefundLimit")
    accounts = apps.get_model("oropay", "ProviderAccount").objects.values_list("organization_id", "settlement_currency")
    for organization_id, currency in accounts.distinct().order_by():
        limits.objects.get_or_create(organization_id=organization_id, currency=currency)


class Migration(migrations.Migration):
    dependencies = [("oropay", "0014_approvals_and_credits")]

    operations = [migrations.RunPython(rows_add, migrations.RunPython.noop)]
