-- One conversation of 10,000 messages, with a lead of the same organization, among 2,000 short ones. Its id is
-- 01900000-0000-7000-e000-000000000001. Measured over HTTP: the latest fifty (`floor`, "messages of a conversation of
-- 10,000"), a page further back by its cursor, and `POST /conversations/{id}/messages {"content": "x"}`; against the same
-- statements by pgbench, with the counts' and the history's triggers on.
SET session_replication_role = replica;
INSERT INTO conversations (organization_id, id, subject_type, subject_id, subject_owner_id, title, channel, assigned_to_id, email, message_count, inbound_count, seen_count,
  last_message_at, created_at)
SELECT l.organization_id, ('01900000-0000-7000-e000-' || lpad(n::text, 12, '0'))::uuid, 'lead', l.id, l.owner_id, l.full_name, 'email', l.owner_id, l.email,
  CASE WHEN n = 1 THEN 10000 ELSE 5 END, CASE WHEN n = 1 THEN 5000 ELSE 2 END, CASE WHEN n = 1 THEN 5000 ELSE 2 END, now() - interval '1 second' * n, now() - interval '30 days'
FROM generate_series(1, least(2000, :companies)) n
JOIN leads l ON l.organization_id = '00000000-0000-7000-8000-000000000001' AND l.id = ('01900000-0000-7000-a000-' || lpad(n::text, 12, '0'))::uuid;
INSERT INTO messages (organization_id, id, conversation_id, subject_type, subject_id, sender_type, message_type, direction, content, status, occurred_at, created_at)
SELECT c.organization_id, ('01900000-0000-7000-f' || lpad(to_hex(substr(c.id::text, 25)::bigint % 4096), 3, '0') || '-' || lpad(n::text, 12, '0'))::uuid, c.id, c.subject_type, c.subject_id,
  CASE WHEN n % 2 = 0 THEN 'lead' ELSE 'user' END, 'email', CASE WHEN n % 2 = 0 THEN 'inbound' ELSE 'outbound' END,
  'Message ' || n || ' of a conversation about what was offered and what it will cost', 'delivered',
  now() - interval '1 minute' * (c.message_count - n), now() - interval '1 minute' * (c.message_count - n)
FROM conversations c CROSS JOIN LATERAL generate_series(1, c.message_count) n
WHERE c.organization_id = '00000000-0000-7000-8000-000000000001'
  AND c.id BETWEEN '01900000-0000-7000-e000-000000000000' AND '01900000-0000-7000-e000-999999999999';
SET session_replication_role = origin;
VACUUM ANALYZE conversations, messages;
CHECKPOINT;
