-- The sales floor of the same organization: as many leads, tasks, notes and interactions as companies. Of each the
-- member may see 250 or so: their own leads, their own tasks, what is about their own companies.
INSERT INTO set_aside
SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
FROM pg_index i
WHERE i.indrelid IN ('leads'::regclass, 'tasks'::regclass, 'notes'::regclass, 'interactions'::regclass) AND NOT i.indisunique;
SELECT 'DROP INDEX ' || name FROM set_aside WHERE definition ~ ' ON public\.(leads|tasks|notes|interactions) ' \gexec

CREATE TEMP TABLE owners AS
SELECT n, CASE WHEN n % greatest(:companies / 250, 1) = 0 THEN '00000000-0000-7000-9000-000000000002'::uuid
    ELSE ('00000000-0000-7000-9000-' || lpad(to_hex(10 + n % 200), 12, '0'))::uuid END AS owner_id,
  ('01900000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid AS company_id
FROM generate_series(1, :companies) AS rows_wanted (n);

INSERT INTO leads (organization_id, id, first_name, last_name, company_name, email, source, pipeline_id, stage_id, status, estimated_value, currency,
  owner_id, is_archived, converted_at, board_position, created_at, updated_at, created_by)
SELECT s.organization_id, ('01900000-0000-7000-a000-' || lpad(n::text, 12, '0'))::uuid, f.w, s2.w || ' ' || n, f.w || ' ' || s2.w, 'lead-' || n || '@lead.example',
  (ARRAY['website', 'referral', 'cold_call', 'event'])[1 + n % 4], s.pipeline_id, s.id, s.lead_status, round((n::bigint * 104729 % 20000000) / 100.0, 2), 'USD',
  o.owner_id, n % 20 = 0, CASE WHEN s.lead_status = 'converted' THEN now() END, lpad(to_hex(n * 16 + 8), 8, '0'),
  now() - interval '1 minute' * (:companies - n), now() - interval '1 second' * (:companies - n), o.owner_id
FROM owners o
JOIN first_words f ON f.place = n % 100 JOIN second_words s2 ON s2.place = (n / 100) % 100
JOIN pipelines p ON p.organization_id = '00000000-0000-7000-8000-000000000001' AND p.entity = 'lead'
JOIN stages s ON s.organization_id = p.organization_id AND s.pipeline_id = p.id AND s.position = 1 + n % 7
ORDER BY n;

INSERT INTO tasks (organization_id, id, title, subject_type, subject_id, subject_owner_id, subject_company_id, type, status, priority, due_at, completed_at,
  assigned_to_id, position, created_at, updated_at, created_by)
SELECT '00000000-0000-7000-8000-000000000001', ('01900000-0000-7000-b000-' || lpad(n::text, 12, '0'))::uuid, 'Task ' || n, 'company', company_id, owner_id, company_id,
  (ARRAY['call', 'email', 'meeting', 'todo', 'follow_up'])[1 + n % 5], CASE WHEN n % 3 = 0 THEN 'todo' ELSE 'completed' END,
  (ARRAY['low', 'medium', 'high', 'urgent'])[1 + n % 4], now() + interval '1 minute' * (n % 100000 - 50000), CASE WHEN n % 3 <> 0 THEN now() END,
  owner_id, lpad(to_hex(n * 16 + 8), 8, '0'), now() - interval '1 minute' * (:companies - n), now() - interval '1 second' * (:companies - n), owner_id
FROM owners ORDER BY n;

INSERT INTO notes (organization_id, id, subject_type, subject_id, subject_owner_id, subject_company_id, content, is_pinned, created_at, updated_at, created_by)
SELECT '00000000-0000-7000-8000-000000000001', ('01900000-0000-7000-c000-' || lpad(n::text, 12, '0'))::uuid, 'company', company_id, owner_id, company_id,
  'Spoke about number ' || n, n % 50 = 0, now() - interval '1 minute' * (:companies - n), now() - interval '1 second' * (:companies - n), owner_id
FROM owners ORDER BY n;

INSERT INTO interactions (organization_id, id, subject_type, subject_id, subject_owner_id, subject_company_id, type, channel, note, occurred_at, created_at, created_by)
SELECT '00000000-0000-7000-8000-000000000001', ('01900000-0000-7000-d000-' || lpad(n::text, 12, '0'))::uuid, 'company', company_id, owner_id, company_id,
  'Call ' || n % 7, (ARRAY['phone', 'email', 'meeting', 'chat'])[1 + n % 4], 'Asked for an offer', now() - interval '1 minute' * (:companies - n),
  now() - interval '1 minute' * (:companies - n), owner_id
FROM owners ORDER BY n;

SELECT definition FROM set_aside \gexec
SET session_replication_role = origin;
VACUUM ANALYZE;
CHECKPOINT;
