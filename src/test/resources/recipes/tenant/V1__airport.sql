-- What a tenant's schema holds in docs/recipes.md.
create table airport (code text primary key, departures bigint not null, total_delay bigint not null);
