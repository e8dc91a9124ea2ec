-- One organization with :companies companies and :deals deals among many small ones, as the benchmark reads it.
-- Run by the owner with history triggers off: what is measured is reading, searching and single writes.
-- Two people act: an administrator, and a member (role "member") who may see 250 of the companies, those they own.
-- Both also own the second organization, which is small and takes the imports.
\set ON_ERROR_STOP on
SET synchronous_commit = off;
SET maintenance_work_mem = '1GB';
SET session_replication_role = replica;

INSERT INTO organizations (id, name, slug) SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'Bench ' || n, 'bench-' || n
FROM generate_series(1, 200) n;
SELECT seed_organization(id) FROM organizations \g /dev/null
INSERT INTO users (id, email, full_name) VALUES
  ('00000000-0000-7000-9000-000000000001', 'admin@bench.example', 'Ada Admin'),
  ('00000000-0000-7000-9000-000000000002', 'member@bench.example', 'Max Member');
INSERT INTO users (id, full_name) SELECT ('00000000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid, 'Owner ' || n FROM generate_series(10, 209) n;
INSERT INTO memberships (organization_id, user_id, role_id)
SELECT '00000000-0000-7000-8000-000000000001', u.id, r.id
FROM users u JOIN roles r ON r.organization_id = '00000000-0000-7000-8000-000000000001'
  AND r.key = CASE u.full_name WHEN 'Ada Admin' THEN 'owner' WHEN 'Max Member' THEN 'member' ELSE 'manager' END;
INSERT INTO memberships (organization_id, user_id, role_id)
SELECT r.organization_id, u.id, r.id
FROM users u JOIN roles r ON r.organization_id = '00000000-0000-7000-8000-000000000002' AND r.key = 'owner'
WHERE u.email IS NOT NULL;
INSERT INTO custom_fields (organization_id, entity, key, label, kind, choices)
VALUES ('00000000-0000-7000-8000-000000000001', 'company', 'tier', 'Tier', 'choice',
  '[{"value":"gold","label":"Gold"},{"value":"silver","label":"Silver"},{"value":"iron","label":"Iron"}]');

-- Names from two vocabularies, so that words are shared and pairs are not.
CREATE TEMP TABLE first_words AS SELECT row_number() OVER () - 1 AS place, initcap(w) AS w FROM unnest(ARRAY[
  'amber','alpine','apex','arctic','aspen','atlas','aurora','beacon','birch','blue','bright','cedar','cobalt','copper','coral','crest','crystal','delta','eagle',
  'ember','falcon','fern','forest','fox','frontier','galaxy','garnet','glacier','golden','granite','harbor','harvest','hazel','horizon','indigo','iron','ivory','jade',
  'juniper','keystone','lantern','laurel','liberty','lunar','magnolia','maple','marble','meadow','meridian','midnight','mosaic','north','nova','oak','ocean','olive','onyx',
  'opal','orchid','pacific','pearl','phoenix','pine','pioneer','prairie','quartz','raven','redwood','ridge','river','ruby','sage','sapphire','scarlet','sequoia','silver','sky',
  'slate','solar','spruce','sterling','stone','summit','sunrise','terra','thunder','timber','topaz','tundra','umber','valley','velvet','vertex','violet','vista','willow','winter','zenith','zephyr','zircon']) w;
CREATE TEMP TABLE second_words AS SELECT row_number() OVER () - 1 AS place, initcap(w) AS w FROM unnest(ARRAY[
  'analytics','bakery','biotech','brewing','builders','capital','catering','ceramics','chemicals','clinics','consulting','cosmetics','dairy','dental','design','devices','dynamics','electric',
  'energy','engineering','farms','fashion','fabrics','films','finance','fisheries','foods','foundry','freight','furniture','gardens','glass','health','holdings','hotels','insurance','interiors','kitchens',
  'labs','leather','legal','logistics','machines','maritime','markets','media','metals','mining','mobility','motors','music','networks','optics','outdoor','paints','paper','partners','pharma','plastics','press',
  'printing','properties','publishing','railways','recycling','research','retail','robotics','roofing','rubber','sciences','security','semiconductors','services','shipping','software','solutions','sports','steel','storage',
  'studios','supply','systems','tailors','technologies','telecom','textiles','timber','tools','toys','trading','transport','travel','vehicles','ventures','vineyards','water','wellness','works','yachts']) w;

-- An index is built far quicker over rows that are there than row by row. Indexes that keep something unique stay.
CREATE TEMP TABLE set_aside AS
SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition
FROM pg_index i
WHERE i.indrelid IN ('companies'::regclass, 'record_values'::regclass, 'deals'::regclass, 'deal_stage_history'::regclass)
  AND NOT i.indisunique;
SELECT 'DROP INDEX ' || name FROM set_aside \gexec

-- Ids of version 7 in the order of creation, in decimal digits, so that anyone can name a random one.
INSERT INTO companies (organization_id, id, name, slug, description, industry_id, company_size, status, website, email, phone,
  annual_revenue, currency, employee_count, owner_id, tags, custom_fields, created_at, updated_at)
SELECT '00000000-0000-7000-8000-000000000001',
  ('01900000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid,
  f.w || ' ' || s.w || ' ' || n, 'company-' || n, 'Makes ' || lower(s.w) || ' since ' || 1900 + n % 120,
  i.ids[1 + n / 13 % 10],
  (ARRAY['1-10', '11-50', '51-200', '201-500', '500+'])[1 + n / 11 % 5], (ARRAY['lead', 'prospect', 'active', 'inactive', 'churned'])[1 + n / 7 % 5],
  'https://company-' || n || '.example', 'info@company-' || n || '.example', '+1415' || lpad((n % 10000000)::text, 7, '0'),
  round((n::bigint * 7919 % 1000000000) / 100.0, 2), 'USD', n % 5000,
  CASE WHEN n % greatest(:companies / 250, 1) = 0 THEN '00000000-0000-7000-9000-000000000002'::uuid
    ELSE ('00000000-0000-7000-9000-' || lpad(to_hex(10 + n % 200), 12, '0'))::uuid END,
  CASE WHEN n % 1000 = 0 THEN ARRAY['vip', 'partner'] WHEN n % 3 = 0 THEN ARRAY['newsletter'] ELSE '{}' END,
  jsonb_build_object('tier', CASE WHEN n % 500 = 0 THEN 'gold' WHEN n % 2 = 0 THEN 'silver' ELSE 'iron' END),
  now() - (interval '1 minute' * (:companies - n)), now() - (interval '1 second' * (:companies - n))
FROM generate_series(1, :companies) AS rows_wanted (n)
JOIN first_words f ON f.place = n % 100 JOIN second_words s ON s.place = (n / 100) % 100
CROSS JOIN (SELECT array_agg(id ORDER BY id) AS ids FROM industries WHERE organization_id = '00000000-0000-7000-8000-000000000001') i
ORDER BY n;

INSERT INTO record_values (organization_id, entity, record_id, field, ordinal, text_value, owner_id, company_id, title)
SELECT organization_id, 'company', id, 'tags', t.ordinal, lower(t.tag), owner_id, id, name FROM companies, unnest(tags) WITH ORDINALITY t (tag, ordinal)
UNION ALL
SELECT organization_id, 'company', id, 'custom.tier', 1, custom_fields ->> 'tier', owner_id, id, name FROM companies;

-- A few rows for everyone else, so that the organization is one of many.
INSERT INTO companies (organization_id, name, slug) SELECT o.id, 'Company ' || n, 'company-' || n FROM organizations o, generate_series(1, 50) n WHERE o.slug <> 'bench-1';

-- Deals over all stages, with what the triggers would have derived from the stage.
INSERT INTO deals (organization_id, id, name, company_id, pipeline_id, stage_id, status, amount, currency, probability, expected_close_date,
  actual_close_date, lost_reason, source, owner_id, board_position, stage_entered_at, created_at, updated_at)
SELECT s.organization_id, ('01900000-0000-7000-9000-' || lpad(n::text, 12, '0'))::uuid, 'Deal ' || n, c.id, s.pipeline_id, s.id, s.kind,
  round((n::bigint * 104729 % 20000000) / 100.0, 2), (ARRAY['USD', 'USD', 'EUR', 'GBP'])[1 + n / 6 % 4], s.probability, current_date + n % 180,
  CASE WHEN s.kind <> 'open' THEN current_date - n % 90 END, CASE WHEN s.kind = 'lost' THEN 'Price' END,
  (ARRAY['website', 'referral', 'cold_call', 'event'])[1 + n % 4], c.owner_id, lpad(to_hex(n * 16 + 8), 8, '0'),
  now() - interval '1 hour' * (n % 1000), now() - interval '1 minute' * (:deals - n), now() - interval '1 minute' * (:deals - n)
FROM generate_series(1, :deals) AS rows_wanted (n)
JOIN pipelines p ON p.organization_id = '00000000-0000-7000-8000-000000000001' AND p.entity = 'deal'
JOIN stages s ON s.organization_id = p.organization_id AND s.pipeline_id = p.id AND s.position = 1 + n % 6
JOIN companies c ON c.organization_id = s.organization_id
  AND c.id = ('01900000-0000-7000-8000-' || lpad((1 + n::bigint * 7 % :companies)::text, 12, '0'))::uuid;
INSERT INTO deal_stage_history (organization_id, deal_id, stage_id, entered_at, user_id, created_by)
SELECT organization_id, id, stage_id, stage_entered_at, owner_id, owner_id FROM deals;

