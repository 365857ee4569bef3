begin;
insert into entry (organization_id, kind, source, occurred_on) values (1, 'captured', 'transaction:1', current_date) returning id as entry \gset
insert into posting (entry_id, account_id, amount) values (:entry, 1, 100), (:entry, 2, -100);
commit;
