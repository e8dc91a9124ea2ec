-- An invoice of twenty lines, as the program makes it: the statements that POST /invoices with "items" sends, in one
-- transaction, for pgbench beside the program's own figure.
--
--   pgbench -n -M prepared -f benches/invoices.sql -c 8 -j 2 -T 10 \
--     -D organization=00000000-0000-7000-8000-000000000001 -D person=… -D company=… "$DATABASE_URL_OF_KITH_APP"
--
-- The URL is the application role's, so that policies, triggers and history cost the same. `person` may create invoices
-- (bin/bench's administrator), `company` is one of the organization's companies. Beside it, over HTTP, the same body:
--   {"company_id": …, "currency": "USD", "items": [{"description": "Line 1", "quantity": "1.5", "unit_price": "10.05",
--     "tax_rate": "19"}, … twenty]}
BEGIN;
SELECT set_config('kith.organization', :organization, true), set_config('kith.user', :person, true);
INSERT INTO invoices (organization_id, created_by, id, company_id, currency, payment_terms, discount_percent, fixed_discount)
VALUES (:organization::uuid, :person::uuid, gen_random_uuid(), :company::uuid, 'USD', 'net_30', 0, 0)
RETURNING id AS invoice \gset
INSERT INTO invoice_items (organization_id, created_by, id, invoice_id, description, quantity, unit_price, discount_percent, tax_rate, currency, position)
SELECT :organization::uuid, :person::uuid, gen_random_uuid(), :invoice::uuid, 'Line ' || n, 1.5, 10.05, 0, 19, 'USD', n FROM generate_series(1, 20) n;
SELECT * FROM invoices WHERE id = :invoice::uuid;
COMMIT;
