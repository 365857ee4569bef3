CREATE INDEX IF NOT EXISTS transactions_by_link ON transactions (json_extract(detail, '$.link_data.id'))
    WHERE json_extract(detail, '$.link_data.id') IS NOT NULL;
