-- The smallest book: an entry and its postings, without the checks that make a book one can trust.
create table entry (id bigserial primary key, organization_id bigint not null, kind text not null, source text not null, occurred_on date not null, created timestamptz not null default now());
create table posting (id bigserial primary key, entry_id bigint not null references entry, account_id bigint not null, amount numeric(19, 4) not null);
create index on posting (entry_id);
