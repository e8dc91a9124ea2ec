-- The help desk of the same organization: 200,000 tickets, of which one in ten still has to be done, and two comments
-- each for those. Of them the member has 250 or so. Run after load.sql and floor.sql, by the owner, with the triggers off
-- as there; what they would have derived is written out.
\if :{?tickets}
\else
\set tickets 200000
\endif
SET session_replication_role = replica;

CREATE TEMP TABLE set_aside_tickets AS
SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition
FROM pg_index i
WHERE i.indrelid IN ('tickets'::regclass, 'ticket_comments'::regclass) AND NOT i.indisunique;
SELECT 'DROP INDEX ' || name FROM set_aside_tickets \gexec

INSERT INTO business_hours (organization_id, id, name, timezone, weekly_hours)
VALUES ('00000000-0000-7000-8000-000000000001', '01900000-0000-7000-e000-000000000001', 'Office hours', 'UTC',
  '{"monday": [["09:00", "17:00"]], "tuesday": [["09:00", "17:00"]], "wednesday": [["09:00", "17:00"]], "thursday": [["09:00", "17:00"]], "friday": [["09:00", "17:00"]]}');
INSERT INTO sla_policies (organization_id, id, name, priority, first_response_minutes, resolution_minutes, business_hours_id)
SELECT '00000000-0000-7000-8000-000000000001', ('01900000-0000-7000-e000-0000000001' || lpad(place::text, 2, '0'))::uuid, initcap(priority), priority, 30 * place, 240 * place,
  '01900000-0000-7000-e000-000000000001'
FROM unnest(ARRAY['urgent', 'high', 'medium', 'low']) WITH ORDINALITY p (priority, place);

INSERT INTO tickets (organization_id, id, number_key, subject, description, status, priority, category, channel, company_id, assigned_to_id, sla_policy_id,
  opened_at, first_response_due_at, first_responded_at, first_response_seconds, first_response_met, sla_due_at, sla_warning_key, resolved_at, resolution_met, closed_at,
  sla_running_since, sla_used_seconds, created_at, updated_at, created_by)
SELECT '00000000-0000-7000-8000-000000000001', ('01900000-0000-7000-e100-' || lpad(n::text, 12, '0'))::uuid, n,
  'Ticket ' || n || ' about ' || f.w, 'It does not do what it did.', t.status, (ARRAY['urgent', 'high', 'medium', 'low'])[1 + n % 4],
  (ARRAY['bug', 'feature_request', 'question', 'incident'])[1 + n / 4 % 4], (ARRAY['email', 'phone', 'chat', 'portal'])[1 + n / 16 % 4],
  ('01900000-0000-7000-8000-' || lpad((1 + n::bigint * 7 % :companies)::text, 12, '0'))::uuid,
  CASE WHEN n % 800 = 0 THEN '00000000-0000-7000-9000-000000000002'::uuid
    WHEN n % 50 = 1 THEN NULL ELSE ('00000000-0000-7000-9000-' || lpad(to_hex(10 + n % 200), 12, '0'))::uuid END,
  ('01900000-0000-7000-e000-0000000001' || lpad((1 + n % 4)::text, 2, '0'))::uuid,
  t.opened, t.opened + interval '1 hour', t.opened + interval '30 minutes', 1800, true,
  CASE WHEN t.status <> 'waiting_customer' THEN t.opened + interval '2 hours' * (1 + n % 96) END,
  CASE WHEN t.status <> 'waiting_customer' THEN t.opened + interval '90 minutes' * (1 + n % 96) END,
  CASE WHEN t.status IN ('resolved', 'closed') THEN t.opened + interval '1 hour' * (1 + n % 72) END,
  CASE WHEN t.status IN ('resolved', 'closed') THEN n % 5 > 0 END,
  CASE WHEN t.status = 'closed' THEN t.opened + interval '1 hour' * (1 + n % 72) END,
  CASE WHEN t.status IN ('open', 'in_progress') THEN t.opened END, CASE WHEN t.status IN ('open', 'in_progress') THEN 0 ELSE 3600 * (1 + n % 24) END,
  t.opened, t.opened, '00000000-0000-7000-9000-000000000001'
FROM generate_series(1, :tickets) AS rows_wanted (n)
JOIN first_words f ON f.place = n % 100
CROSS JOIN LATERAL (SELECT
  CASE WHEN n % 10 = 0 THEN (ARRAY['open', 'in_progress'])[1 + n / 10 % 2] WHEN n % 50 = 1 THEN 'waiting_customer' WHEN n % 10 = 2 THEN 'resolved' ELSE 'closed' END AS status,
  now() - interval '3 minutes' * (:tickets - n) AS opened) t
ORDER BY n;
INSERT INTO number_series VALUES ('00000000-0000-7000-8000-000000000001', 'ticket', 0, :tickets)
ON CONFLICT (organization_id, series, period) DO UPDATE SET last_number = excluded.last_number;

INSERT INTO ticket_comments (organization_id, ticket_id, comment, is_internal, author_kind, created_at, updated_at, created_by)
SELECT t.organization_id, t.id, 'We look into it', c = 2, 'agent', t.opened_at + interval '30 minutes' * c, t.opened_at + interval '30 minutes' * c,
  '00000000-0000-7000-9000-000000000001'
FROM tickets t CROSS JOIN generate_series(1, 2) c WHERE t.organization_id = '00000000-0000-7000-8000-000000000001' AND t.status IN ('open', 'in_progress');

SELECT definition FROM set_aside_tickets \gexec
SET session_replication_role = origin;
VACUUM ANALYZE tickets, ticket_comments, sla_policies, business_hours;
