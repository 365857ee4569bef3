"""A card or account that one owner had saved twice is one: the others point at it, and the gateway forgets them."""

from django.db import migrations

JOIN = """
CREATE TEMPORARY TABLE twins ON COMMIT DROP AS
SELECT id, kept FROM (
    SELECT id, first_value(id) OVER (
        PARTITION BY customer_id, owner_id, provider_account_id, kind, fingerprint
        ORDER BY array_position(ARRAY['frozen', 'active', 'dead'], state::text), id
    ) AS kept
    FROM oropay_instrument
    WHERE fingerprint <> '' AND state IN ('active', 'frozen', 'dead')
) saved WHERE id <> kept;

INSERT INTO oropay_instrumentrequest
    (instrument_id, kind, state, token, restores_to, tries, next_at, error, created_at)
SELECT instrument.id, 'delete', 'queued', instrument.token, '', 0, now(), '', now()
FROM oropay_instrument instrument JOIN twins ON twins.id = instrument.id
WHERE instrument.token <> '' AND NOT EXISTS (
    SELECT 1 FROM oropay_instrumentrequest request
    WHERE request.instrument_id = instrument.id AND request.kind = 'delete' AND request.token = instrument.token
        AND request.state IN ('queued', 'sending')
);

UPDATE oropay_instrumentdefault SET instrument_id = twins.kept FROM twins WHERE instrument_id = twins.id;
UPDATE oropay_mandate SET instrument_id = twins.kept FROM twins
    WHERE instrument_id = twins.id AND kind IN ('standing', 'recurring') AND revoked_at IS NULL;
UPDATE oropay_instrument instrument SET state = 'deleted', same_as_id = twins.kept
    FROM twins WHERE instrument.id = twins.id;
"""


class Migration(migrations.Migration):
    dependencies = [("oropay", "0025_change_notices_and_mandates")]

    operations = [migrations.RunSQL(JOIN, migrations.RunSQL.noop)]
