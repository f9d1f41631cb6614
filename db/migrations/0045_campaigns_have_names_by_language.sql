-- A campaign's name in the languages of members, such as {"es": "Semana de los miembros"}; its own name is used for the others.
alter table campaigns add column names jsonb not null default '{}';
