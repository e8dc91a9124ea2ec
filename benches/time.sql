-- The hours of the same organization: 200 projects, and of every person four entries on each of the last 250 days, about
-- 200,000 in all. Run after load.sql, by the owner, with the triggers off as there; what they would have derived is written out.
SET session_replication_role = replica;

CREATE TEMP TABLE set_aside_time AS
SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition
FROM pg_index i
WHERE i.indrelid = 'time_entries'::regclass AND NOT i.indisunique;
SELECT 'DROP INDEX ' || name FROM set_aside_time \gexec

INSERT INTO projects (organization_id, id, name, company_id, status, owner_id, currency)
SELECT '00000000-0000-7000-8000-000000000001', ('01900000-0000-7000-f000-' || lpad(n::text, 12, '0'))::uuid, 'Project ' || n,
  ('01900000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'active', '00000000-0000-7000-9000-000000000001', 'USD'
FROM generate_series(1, 200) n;
INSERT INTO project_members (organization_id, project_id, user_id, role)
SELECT '00000000-0000-7000-8000-000000000001', ('01900000-0000-7000-f000-' || lpad(n::text, 12, '0'))::uuid, '00000000-0000-7000-9000-000000000002', 'member'
FROM generate_series(1, 4) n;
INSERT INTO time_entries (organization_id, user_id, project_id, date, hours, description, status, submitted_at, approved_at, approved_by_id, currency)
SELECT m.organization_id, m.user_id,
  ('01900000-0000-7000-f000-' || lpad((1 + CASE WHEN m.user_id = '00000000-0000-7000-9000-000000000002' THEN part ELSE (day + part * 50) % 200 END)::text, 12, '0'))::uuid,
  current_date - day, 2, 'Work on part ' || part, CASE WHEN day > 7 THEN 'approved' ELSE 'draft' END,
  CASE WHEN day > 7 THEN now() - interval '1 day' * (day - 3) END, CASE WHEN day > 7 THEN now() - interval '1 day' * (day - 4) END,
  CASE WHEN day > 7 THEN '00000000-0000-7000-9000-000000000001'::uuid END, 'USD'
FROM memberships m CROSS JOIN generate_series(0, 249) day CROSS JOIN generate_series(0, 3) part
WHERE m.organization_id = '00000000-0000-7000-8000-000000000001' AND m.status = 'active';

SELECT definition FROM set_aside_time \gexec
SET session_replication_role = origin;
VACUUM ANALYZE projects, project_members, time_entries;
