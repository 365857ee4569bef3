"""What the new columns say of payables that exist already."""

from django.db import migrations

FILL = """
UPDATE oropay_payable SET derived_status = status;

UPDATE oropay_payable payable SET
    method = last.method,
    failed_as = CASE WHEN last.state IN ('declined', 'failed', 'canceled', 'expired') THEN last.state ELSE '' END,
    failed_at = CASE WHEN last.state IN ('declined', 'failed', 'canceled', 'expired') THEN last.ended_at END
FROM (
    SELECT DISTINCT ON (part.payable_id) part.payable_id, payment.method, attempt.state, attempt.ended_at
    FROM oropay_paymentpayable part
    JOIN oropay_payment payment ON payment.id = part.payment_id
    JOIN oropay_paymenttransaction attempt ON attempt.payment_id = payment.id
    WHERE attempt.action IN ('authorize', 'charge', 'offline_receipt')
    ORDER BY part.payable_id, attempt.id DESC
) last
WHERE last.payable_id = payable.id;
"""


class Migration(migrations.Migration):
    dependencies = [("oropay", "0007_forced_status_and_last_attempt")]

    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
