-- Background work (DESIGN §7) and what people are told (MODEL §4): jobs, schedules, notifications, what each
-- person wants to hear of, and how.
--
-- Moments are parameters: whoever works the queue says what time it is, so that tests can.

-- Work that waits for a worker. A row says what kind of work, for which organization, and with what; the
-- program has the rest. Taken with SKIP LOCKED under a lease: what a worker was doing when it died is taken by
-- another once the lease is over, and only whoever holds the lease can say what became of the work.
CREATE TABLE jobs (
  organization_id  uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  kind             text NOT NULL CHECK (kind ~ '^[a-z][a-z0-9_]{0,49}$'),
  -- Work with a key that waits already is not queued a second time.
  key              text CHECK (char_length(key) BETWEEN 1 AND 200),
  payload          jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(payload) = 'object'),
  -- dead: given up after too many attempts, for an operator to look at. discarded: an operator said no.
  status           text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'completed', 'dead', 'discarded')),
  attempts         integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  max_attempts     integer NOT NULL DEFAULT 8 CHECK (max_attempts BETWEEN 1 AND 100),
  run_at           timestamptz NOT NULL DEFAULT now(),
  -- Who runs it, and until when that is believed.
  token            uuid,
  lease_until      timestamptz,
  progress         bigint CHECK (progress >= 0),
  total            bigint CHECK (total >= 0),
  message          text CHECK (char_length(message) <= 1000),
  last_error       text CHECK (char_length(last_error) <= 1000),
  cancel_requested boolean NOT NULL DEFAULT false,
  created_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid,
  started_at       timestamptz,
  finished_at      timestamptz,
  PRIMARY KEY (organization_id, id),
  CHECK ((status = 'running') = (token IS NOT NULL AND lease_until IS NOT NULL)),
  CHECK ((status IN ('completed', 'dead', 'discarded')) = (finished_at IS NOT NULL))
);
CREATE INDEX jobs_due ON jobs (organization_id, run_at, id) WHERE status = 'queued';
CREATE INDEX jobs_leases ON jobs (lease_until) WHERE status = 'running';
CREATE INDEX jobs_running ON jobs (organization_id) WHERE status = 'running';
CREATE INDEX jobs_started ON jobs (organization_id, started_at);
CREATE INDEX jobs_created_at ON jobs (organization_id, created_at, id);
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;
CREATE UNIQUE INDEX jobs_waiting_key ON jobs (organization_id, kind, key) WHERE status = 'queued' AND key IS NOT NULL;

CALL declare_resource('jobs', ARRAY['read', 'update']);
CALL default_grant('manager', ARRAY['jobs'], ARRAY['read'], 'all');
SELECT apply_role_defaults(NULL, 'jobs');
CALL forbid_by_default('jobs');
-- People follow the work that they set going; whoever looks after the organization sees all of it.
CREATE POLICY jobs_read ON jobs FOR SELECT TO kith_app
  USING (organization_id = current_organization_id()
    AND (created_by = (SELECT current_user_id()) OR (SELECT access_scope('jobs', 'read')) = 'all'));
GRANT SELECT ON jobs TO kith_app;

-- Queues work for the acting organization, in the transaction of what it follows from. Answers the job's id,
-- that of the one which waits already when there is one with this key.
CREATE FUNCTION enqueue_job(new_kind text, new_payload jsonb DEFAULT '{}', not_before timestamptz DEFAULT NULL, new_key text DEFAULT NULL,
  attempts_at_most integer DEFAULT 8)
RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  made uuid;
BEGIN
  IF current_organization_id() IS NULL THEN
    RAISE EXCEPTION 'Work is queued for an organization.' USING ERRCODE = 'insufficient_privilege';
  END IF;
  INSERT INTO jobs (organization_id, kind, key, payload, run_at, max_attempts, created_by)
  VALUES (current_organization_id(), new_kind, new_key, new_payload, coalesce(not_before, now()), attempts_at_most, current_user_id())
  -- The earlier of the two moments counts.
  ON CONFLICT (organization_id, kind, key) WHERE status = 'queued' AND key IS NOT NULL
  DO UPDATE SET run_at = least(jobs.run_at, excluded.run_at)
  RETURNING id INTO made;
  PERFORM pg_notify('kith_jobs', '');
  RETURN made;
END
$$;

-- Takes the next job that is due, of kinds that the worker knows. Organizations take turns: first the one that
-- has the fewest jobs running, then the one whose last job began longest ago; so a hundred thousand jobs of one
-- keep nobody else waiting.
CREATE FUNCTION take_job(kinds text[], new_token uuid, lease_seconds integer, moment timestamptz)
RETURNS TABLE (organization_id uuid, id uuid, kind text, payload jsonb, attempts integer, max_attempts integer, created_by uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  turn uuid;
BEGIN
  PERFORM require_no_user();
  -- What a worker was doing when it died; one that kills its workers is given up.
  UPDATE jobs j SET status = CASE WHEN j.attempts >= j.max_attempts THEN 'dead' ELSE 'queued' END,
    run_at = moment, token = NULL, lease_until = NULL, last_error = 'the worker did not come back',
    finished_at = CASE WHEN j.attempts >= j.max_attempts THEN moment END,
    -- The same work waits anew already.
    key = CASE WHEN EXISTS (SELECT 1 FROM jobs w WHERE w.organization_id = j.organization_id AND w.kind = j.kind AND w.key = j.key AND w.status = 'queued')
      THEN NULL ELSE j.key END
  WHERE (j.organization_id, j.id) IN (
    SELECT l.organization_id, l.id FROM jobs l WHERE l.status = 'running' AND l.lease_until <= moment
    ORDER BY l.lease_until LIMIT 100 FOR UPDATE SKIP LOCKED);
  FOR turn IN
    WITH RECURSIVE waiting AS (
      (SELECT j.organization_id FROM jobs j WHERE j.status = 'queued' ORDER BY j.organization_id LIMIT 1)
      UNION ALL
      SELECT (SELECT j.organization_id FROM jobs j WHERE j.status = 'queued' AND j.organization_id > w.organization_id
        ORDER BY j.organization_id LIMIT 1)
      FROM waiting w WHERE w.organization_id IS NOT NULL
    )
    SELECT w.organization_id FROM waiting w
    WHERE w.organization_id IS NOT NULL
      AND EXISTS (SELECT 1 FROM jobs j WHERE j.organization_id = w.organization_id AND j.status = 'queued' AND j.run_at <= moment)
    ORDER BY (SELECT count(*) FROM jobs r WHERE r.organization_id = w.organization_id AND r.status = 'running'),
      (SELECT max(s.started_at) FROM jobs s WHERE s.organization_id = w.organization_id) NULLS FIRST, w.organization_id
  LOOP
    RETURN QUERY
    UPDATE jobs t SET status = 'running', token = new_token, lease_until = moment + make_interval(secs => lease_seconds),
      attempts = t.attempts + 1, started_at = moment
    WHERE t.organization_id = turn AND t.id = (
      SELECT j.id FROM jobs j
      WHERE j.organization_id = turn AND j.status = 'queued' AND j.run_at <= moment AND j.kind = ANY (kinds)
      ORDER BY j.run_at, j.id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING t.organization_id, t.id, t.kind, t.payload, t.attempts, t.max_attempts, t.created_by;
    IF FOUND THEN
      RETURN;
    END IF;
  END LOOP;
END
$$;

-- Says that the work goes on, and how far it is. False when the lease was lost or somebody asked to stop: then
-- whatever is not committed must not be.
CREATE FUNCTION extend_job(at_organization uuid, of_job uuid, held_token uuid, lease_seconds integer, moment timestamptz,
  done bigint, of_total bigint, what text)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_no_user();
  UPDATE jobs SET lease_until = moment + make_interval(secs => lease_seconds), progress = coalesce(done, progress),
    total = coalesce(of_total, total), message = coalesce(left(what, 1000), message)
  WHERE organization_id = at_organization AND id = of_job AND token = held_token AND status = 'running' AND NOT cancel_requested;
  RETURN FOUND;
END
$$;

-- What became of a job: 'completed', 'retry' (not before a moment) or 'dead'. In the transaction of what the job
-- did, so that both happen or neither. False when the lease was lost: that transaction must not commit.
CREATE FUNCTION settle_job(at_organization uuid, of_job uuid, held_token uuid, outcome text, error text, again_at timestamptz, moment timestamptz)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_no_user();
  UPDATE jobs j SET
    status = CASE outcome WHEN 'retry' THEN 'queued' ELSE outcome END,
    run_at = CASE outcome WHEN 'retry' THEN again_at ELSE j.run_at END,
    key = CASE WHEN outcome = 'retry' AND EXISTS (
        SELECT 1 FROM jobs w WHERE w.organization_id = j.organization_id AND w.kind = j.kind AND w.key = j.key AND w.status = 'queued')
      THEN NULL ELSE j.key END,
    token = NULL, lease_until = NULL,
    last_error = CASE outcome WHEN 'completed' THEN NULL ELSE left(error, 1000) END,
    finished_at = CASE outcome WHEN 'retry' THEN NULL ELSE moment END
  WHERE j.organization_id = at_organization AND j.id = of_job AND j.token = held_token AND j.status = 'running';
  RETURN FOUND;
END
$$;

-- Seconds until a job of these kinds is due or a lease ends; null when none waits.
CREATE FUNCTION next_job_due(kinds text[], moment timestamptz) RETURNS double precision
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_no_user();
  RETURN (
    -- Not greatest(), which passes nulls over: nothing that waits would be due at once.
    SELECT CASE WHEN min(due) > moment THEN extract(epoch FROM min(due) - moment) WHEN min(due) IS NOT NULL THEN 0 END FROM (
      SELECT min(run_at) AS due FROM jobs WHERE status = 'queued' AND kind = ANY (kinds)
      UNION ALL SELECT min(lease_until) FROM jobs WHERE status = 'running'
    ) dues);
END
$$;

-- Replays or gives up a job, for whoever looks after the organization; false when there is none in such a state.
CREATE FUNCTION retry_job(of_job uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF access_scope('jobs', 'update') IS DISTINCT FROM 'all' THEN
    RAISE EXCEPTION 'You may not replay the work of this organization.' USING ERRCODE = 'KT403';
  END IF;
  UPDATE jobs SET status = 'queued', attempts = 0, run_at = now(), finished_at = NULL, cancel_requested = false, key = NULL
  WHERE organization_id = current_organization_id() AND id = of_job AND status IN ('dead', 'discarded');
  IF FOUND THEN
    PERFORM pg_notify('kith_jobs', '');
    RETURN true;
  END IF;
  RETURN false;
END
$$;

CREATE FUNCTION discard_job(of_job uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF access_scope('jobs', 'update') IS DISTINCT FROM 'all' THEN
    RAISE EXCEPTION 'You may not discard the work of this organization.' USING ERRCODE = 'KT403';
  END IF;
  UPDATE jobs SET status = CASE status WHEN 'running' THEN status ELSE 'discarded' END,
    finished_at = CASE status WHEN 'running' THEN NULL ELSE now() END, cancel_requested = true
  WHERE organization_id = current_organization_id() AND id = of_job AND status IN ('queued', 'running', 'dead');
  RETURN FOUND;
END
$$;

-- Work that comes round by the clock: one row a schedule for all nodes together, so that exactly one runs it.
CREATE TABLE schedules (
  name         text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_]{0,62}$'),
  due_at       timestamptz NOT NULL,
  token        uuid,
  lease_until  timestamptz,
  started_at   timestamptz,
  finished_at  timestamptz,
  last_error   text CHECK (char_length(last_error) <= 1000),
  runs         bigint NOT NULL DEFAULT 0,
  -- Rows that the last whole run changed.
  changed      bigint NOT NULL DEFAULT 0,
  CHECK ((token IS NULL) = (lease_until IS NULL))
);
CALL forbid_by_default('schedules');

-- Takes one of these schedules that is due; nobody else gets it until it is settled or the lease is over.
CREATE FUNCTION take_schedule(names text[], new_token uuid, lease_seconds integer, moment timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  taken text;
BEGIN
  PERFORM require_no_user();
  INSERT INTO schedules (name, due_at) SELECT n, moment FROM unnest(names) n
  WHERE NOT EXISTS (SELECT 1 FROM schedules s WHERE s.name = n) ON CONFLICT DO NOTHING;
  UPDATE schedules t SET token = new_token, lease_until = moment + make_interval(secs => lease_seconds), started_at = moment
  WHERE t.name = (
    SELECT s.name FROM schedules s
    WHERE s.name = ANY (names) AND s.due_at <= moment AND (s.lease_until IS NULL OR s.lease_until <= moment)
    ORDER BY s.due_at, s.name LIMIT 1 FOR UPDATE SKIP LOCKED)
  RETURNING t.name INTO taken;
  RETURN taken;
END
$$;

-- In the transaction of a piece of the work: holds the schedule until it commits and prolongs the lease. Refuses
-- when another node has taken it, so that no piece is done twice.
CREATE FUNCTION hold_schedule(of_name text, held_token uuid, lease_seconds integer, moment timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_no_user();
  UPDATE schedules SET lease_until = moment + make_interval(secs => lease_seconds) WHERE name = of_name AND token = held_token;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'Another node has taken this schedule.' USING ERRCODE = 'KT409';
  END IF;
END
$$;

CREATE FUNCTION settle_schedule(of_name text, held_token uuid, next_due timestamptz, error text, rows_changed bigint, moment timestamptz)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_no_user();
  UPDATE schedules SET token = NULL, lease_until = NULL, due_at = next_due, finished_at = moment, last_error = left(error, 1000),
    runs = runs + 1, changed = rows_changed
  WHERE name = of_name AND token = held_token;
  RETURN FOUND;
END
$$;

-- Seconds until one of these schedules is due; null when none is known yet.
CREATE FUNCTION next_schedule_due(names text[], moment timestamptz) RETURNS double precision
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_no_user();
  RETURN (SELECT CASE WHEN min(due) > moment THEN extract(epoch FROM min(due) - moment) WHEN min(due) IS NOT NULL THEN 0 END
    FROM (SELECT greatest(due_at, coalesce(lease_until, due_at)) AS due FROM schedules WHERE name = ANY (names)) dues);
END
$$;

DO $$
DECLARE
  doors constant text[] := ARRAY['enqueue_job(text, jsonb, timestamptz, text, integer)', 'take_job(text[], uuid, integer, timestamptz)',
    'extend_job(uuid, uuid, uuid, integer, timestamptz, bigint, bigint, text)', 'settle_job(uuid, uuid, uuid, text, text, timestamptz, timestamptz)',
    'next_job_due(text[], timestamptz)', 'retry_job(uuid)', 'discard_job(uuid)', 'take_schedule(text[], uuid, integer, timestamptz)',
    'hold_schedule(text, uuid, integer, timestamptz)', 'settle_schedule(text, uuid, timestamptz, text, bigint, timestamptz)',
    'next_schedule_due(text[], timestamptz)'];
  door text;
BEGIN
  FOREACH door IN ARRAY doors LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO kith_definer', door);
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', door);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO kith_app', door);
  END LOOP;
END
$$;

-- Which of several records another member may read, asked under the policies that bind that member. The function
-- belongs to kith_asker, a member of the application's role and bound by the same policies, and states who acts
-- for as long as it asks.
CREATE FUNCTION readable_by(member uuid, entities text[], records uuid[]) RETURNS boolean[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  acting constant text := coalesce(current_setting('kith.user', true), '');
  acting_key constant text := coalesce(current_setting('kith.key', true), '');
  in_full text[];
  answers boolean[];
BEGIN
  PERFORM set_config('kith.user', member::text, true), set_config('kith.key', '', true);
  in_full := entities_read_in_full();
  answers := ARRAY(
    SELECT r.entity = ANY (in_full) OR record_visible(r.entity, r.record)
    FROM unnest(entities, records) WITH ORDINALITY AS r (entity, record, place) ORDER BY r.place);
  PERFORM set_config('kith.user', acting, true), set_config('kith.key', acting_key, true);
  RETURN answers;
END
$$;
GRANT CREATE ON SCHEMA public TO kith_asker;
ALTER FUNCTION readable_by(uuid, text[], uuid[]) OWNER TO kith_asker;
REVOKE CREATE ON SCHEMA public FROM kith_asker;
REVOKE ALL ON FUNCTION readable_by(uuid, text[], uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION readable_by(uuid, text[], uuid[]) TO kith_definer;

-- What notifications can be about, for people to choose from. Migrations that bring rules add theirs.
CREATE TABLE notification_kinds (
  kind         text PRIMARY KEY CHECK (kind ~ '^[a-z][a-z0-9_]{0,49}$'),
  label        text NOT NULL,
  description  text NOT NULL,
  position     integer NOT NULL
);
GRANT SELECT ON notification_kinds TO kith_app, kith_definer;
INSERT INTO notification_kinds VALUES
  ('mention', 'Mentions', 'Somebody mentions you in a note or a comment', 10),
  ('assignment', 'Assignments', 'A task, lead, deal or ticket is given to you', 20),
  ('reminder', 'Reminders', 'A task of yours asks for attention', 30),
  ('follow_up', 'Follow-ups', 'It is time to follow up on a conversation', 40),
  ('conversation', 'Conversations', 'Somebody writes in a conversation of yours', 50),
  ('sla_warning', 'Deadlines ahead', 'A ticket of yours is about to miss its deadline', 60),
  ('sla_breach', 'Deadlines missed', 'A ticket of yours missed its deadline', 70),
  ('approval', 'Approvals', 'What you submitted was approved, or waits for you to approve it', 80),
  ('rejection', 'Rejections', 'What you submitted was rejected', 90),
  ('payment', 'Payments', 'An invoice of yours was paid', 100),
  ('overdue', 'Overdue', 'An invoice of yours is overdue', 110),
  ('budget', 'Budgets', 'A project of yours nears or exceeds its budget', 120),
  ('import', 'Imports', 'An import or export of yours is done', 130),
  ('system', 'Others', 'Anything else that concerns you', 140);

-- What a person wants to hear of, and how, in one organization. Kinds without a row are as
-- notification_preference() says.
CREATE TABLE notification_preferences (
  organization_id  uuid NOT NULL,
  user_id          uuid NOT NULL,
  kind             text NOT NULL REFERENCES notification_kinds,
  in_app           boolean NOT NULL,
  email            boolean NOT NULL,
  digest           text NOT NULL CHECK (digest IN ('off', 'daily', 'weekly')),
  updated_at       timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, user_id, kind),
  FOREIGN KEY (organization_id, user_id) REFERENCES memberships (organization_id, user_id) ON DELETE CASCADE
);
CALL forbid_by_default('notification_preferences');
CREATE POLICY notification_preferences_own ON notification_preferences TO kith_app
  USING (organization_id = current_organization_id() AND user_id = (SELECT current_user_id()) AND (SELECT key_allows('notifications', 'read')))
  WITH CHECK (organization_id = current_organization_id() AND user_id = (SELECT current_user_id()) AND (SELECT key_allows('notifications', 'update')));
GRANT SELECT, INSERT, UPDATE, DELETE ON notification_preferences TO kith_app;

CREATE TABLE notifications (
  organization_id  uuid NOT NULL,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  user_id          uuid NOT NULL,
  kind             text NOT NULL CHECK (kind ~ '^[a-z][a-z0-9_]{0,49}$'),
  title            text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 255),
  message          text CHECK (char_length(message) <= 2000),
  type             text NOT NULL DEFAULT 'info' CHECK (type IN ('info', 'success', 'warning', 'error')),
  is_read          boolean NOT NULL DEFAULT false,
  read_at          timestamptz,
  -- Within the web application: '/tasks/…'.
  action_url       text CHECK (action_url ~ '^/([^/\\]|$)' AND char_length(action_url) <= 500),
  -- What it is about. Outlives the record, and is hidden from whoever may no longer read it.
  entity           text,
  record_id        uuid,
  -- As its reader wished when it was made.
  in_app           boolean NOT NULL DEFAULT true,
  digest           text NOT NULL DEFAULT 'off' CHECK (digest IN ('off', 'daily', 'weekly')),
  digested_at      timestamptz,
  created_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid,
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, user_id) REFERENCES memberships (organization_id, user_id) ON DELETE CASCADE,
  CHECK ((entity IS NULL) = (record_id IS NULL)),
  CHECK (is_read = (read_at IS NOT NULL))
);
CREATE INDEX notifications_user_id ON notifications (organization_id, user_id, created_at, id) WHERE in_app;
CREATE INDEX notifications_is_read ON notifications (organization_id, user_id, created_at, id) WHERE in_app AND NOT is_read;
CREATE INDEX notifications_created_at ON notifications (created_at);
CREATE INDEX notifications_record ON notifications (organization_id, record_id) WHERE record_id IS NOT NULL;
CREATE INDEX notifications_undigested ON notifications (organization_id, user_id, created_at) WHERE digest <> 'off' AND digested_at IS NULL AND NOT is_read;

CALL forbid_by_default('notifications');
DO $$
DECLARE
  mine constant text := 'organization_id = current_organization_id() AND user_id = (SELECT current_user_id()) AND in_app
    AND (SELECT key_allows(''notifications'', %L))
    AND (record_id IS NULL OR entity = ANY ((SELECT entities_read_in_full())::text[]) OR record_visible(entity, record_id))';
BEGIN
  EXECUTE format('CREATE POLICY notifications_read ON notifications FOR SELECT TO kith_app USING (%s)', format(mine, 'read'));
  EXECUTE format('CREATE POLICY notifications_update ON notifications FOR UPDATE TO kith_app USING (%s)', format(mine, 'update'));
END
$$;
GRANT SELECT (organization_id, id, user_id, kind, title, message, type, is_read, read_at, action_url, entity, record_id, in_app, created_at, created_by) ON notifications TO kith_app;
GRANT UPDATE (is_read) ON notifications TO kith_app;

CREATE FUNCTION note_when_read() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  NEW.read_at := CASE WHEN NOT NEW.is_read THEN NULL WHEN OLD.is_read THEN OLD.read_at ELSE now() END;
  RETURN NEW;
END
$$;
CREATE TRIGGER notifications_read BEFORE UPDATE OF is_read ON notifications FOR EACH ROW EXECUTE FUNCTION note_when_read();

-- Whether somebody may see that a notification exists is asked like of any other record; it has no history.
INSERT INTO record_tables VALUES ('notification', 'notifications', 'notifications', 'title');
CALL write_record_visible();

-- One thing to tell one person. Without an address the record's page is where it leads.
CREATE TYPE notice AS (user_id uuid, kind text, title text, message text, type text, entity text, record_id uuid, action_url text);

-- The page of a record.
CREATE FUNCTION record_page(of_entity text, of_record uuid) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT '/' || replace(r.table_name, '_', '-') || '/' || of_record FROM record_tables r WHERE r.entity = of_entity AND of_record IS NOT NULL
$$;
ALTER FUNCTION record_page(text, uuid) OWNER TO kith_definer;

-- Tells people, set-wise, in the transaction of what happened. Left out: whoever did it themselves, who is no
-- active member, who may not read the record, and who does not want to hear of it. More than twenty of a kind for
-- one person in one go become one. Answers how many were made.
CREATE FUNCTION notify_all(notices notice[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  org constant uuid := current_organization_id();
  actor constant uuid := current_user_id();
  wanted notice[];
  told integer;
BEGIN
  wanted := ARRAY(
    SELECT n FROM unnest(notices) n
    JOIN memberships m ON m.organization_id = org AND m.user_id = n.user_id AND m.status = 'active'
    JOIN users u ON u.id = m.user_id AND u.is_active
    LEFT JOIN notification_preferences p ON p.organization_id = org AND p.user_id = n.user_id AND p.kind = n.kind
    WHERE n.user_id IS DISTINCT FROM actor AND (p.kind IS NULL OR p.in_app OR p.email OR p.digest <> 'off'));
  IF cardinality(wanted) = 0 THEN
    RETURN 0;
  END IF;
  WITH asked AS MATERIALIZED (
    SELECT g.user_id, g.entities, g.records, readable_by(g.user_id, g.entities, g.records) AS answers
    FROM (
      SELECT n.user_id, array_agg(n.entity ORDER BY n.entity, n.record_id) AS entities, array_agg(n.record_id ORDER BY n.entity, n.record_id) AS records
      FROM (SELECT DISTINCT w.user_id, w.entity, w.record_id FROM unnest(wanted) w WHERE w.record_id IS NOT NULL) n
      GROUP BY n.user_id
    ) g
  ), readable AS (
    SELECT a.user_id, r.entity, r.record_id FROM asked a CROSS JOIN LATERAL unnest(a.entities, a.records, a.answers) AS r (entity, record_id, may)
    WHERE r.may
  ), chosen AS (
    SELECT w.*, count(*) OVER (PARTITION BY w.user_id, w.kind) AS alike, row_number() OVER (PARTITION BY w.user_id, w.kind) AS place
    FROM unnest(wanted) w
    WHERE w.record_id IS NULL OR EXISTS (
      SELECT 1 FROM readable r WHERE r.user_id = w.user_id AND r.entity = w.entity AND r.record_id = w.record_id)
  ), made AS (
    INSERT INTO notifications (organization_id, user_id, kind, title, message, type, action_url, entity, record_id, in_app, digest, created_by)
    SELECT org, c.user_id, c.kind, left(c.title, 255),
      CASE WHEN c.alike > 20 THEN left(concat_ws(' ', c.message, format('(and %s more)', c.alike - 1)), 2000) ELSE left(c.message, 2000) END,
      coalesce(c.type, 'info'), CASE WHEN c.alike <= 20 THEN coalesce(c.action_url, record_page(c.entity, c.record_id)) END,
      CASE WHEN c.alike <= 20 THEN c.entity END, CASE WHEN c.alike <= 20 THEN c.record_id END,
      coalesce(p.in_app, true), coalesce(p.digest, 'off'), actor
    FROM chosen c
    LEFT JOIN notification_preferences p ON p.organization_id = org AND p.user_id = c.user_id AND p.kind = c.kind
    WHERE c.alike <= 20 OR c.place = 1
    RETURNING id, user_id, kind, in_app
  ), mailed AS (
    INSERT INTO outgoing_mail (kind, user_id, organization_id, details)
    SELECT 'notification', m.user_id, org, jsonb_build_object('notification_id', m.id)
    FROM made m JOIN notification_preferences p ON p.organization_id = org AND p.user_id = m.user_id AND p.kind = m.kind AND p.email
    RETURNING 1
  ), woken AS (
    SELECT pg_notify('kith_mail', '') FROM (SELECT 1 FROM mailed LIMIT 1) any_mail
  ), announced AS (
    INSERT INTO events (organization_id, entity, record_id, action, actor_id, change_set_id)
    SELECT org, 'notification', m.id, 'created', actor, current_change_set_id() FROM made m WHERE m.in_app
    RETURNING 1
  )
  SELECT (SELECT count(*) FROM made) + 0 * (SELECT count(*) FROM woken) INTO told;
  RETURN told;
END
$$;

-- Tells several people the same. See notify_all().
CREATE FUNCTION notify(users uuid[], kind text, title text, message text, type text, entity text, record uuid) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT notify_all(ARRAY(SELECT ROW(u, $2, $3, $4, $5, $6, $7, NULL)::notice FROM (SELECT DISTINCT unnest($1)) AS d (u) WHERE u IS NOT NULL))
$$;
ALTER FUNCTION notify_all(notice[]) OWNER TO kith_definer;
ALTER FUNCTION notify(uuid[], text, text, text, text, text, uuid) OWNER TO kith_definer;
REVOKE ALL ON FUNCTION notify_all(notice[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION notify(uuid[], text, text, text, text, text, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION notify_all(notice[]), notify(uuid[], text, text, text, text, text, uuid) TO kith_app;

-- Tells whoever a record is given to. Arguments: entity, the column that says to whom, the title column.
CREATE FUNCTION notify_assigned() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  label constant text := replace(TG_ARGV[0], '_', ' ');
  heading constant text := coalesce((SELECT u.full_name || ' assigned ' FROM users u WHERE u.id = current_user_id()), 'You were assigned ')
    || CASE WHEN label ~ '^[aeiou]' THEN 'an ' ELSE 'a ' END || label
    || CASE WHEN current_user_id() IS NULL THEN '' ELSE ' to you' END;
  notices notice[];
BEGIN
  EXECUTE format('SELECT array_agg(ROW(n.%1$I, ''assignment'', $1, n.%2$I::text, ''info'', $2, n.id, NULL)::notice) FROM new_rows n %3$s
    WHERE n.%1$I IS NOT NULL AND n.%1$I IS DISTINCT FROM current_user_id()', TG_ARGV[1], TG_ARGV[2],
    CASE TG_OP WHEN 'UPDATE' THEN format('JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id AND o.%1$I IS DISTINCT FROM n.%1$I', TG_ARGV[1]) ELSE '' END)
  INTO notices USING heading, TG_ARGV[0];
  IF notices IS NOT NULL THEN
    PERFORM notify_all(notices);
  END IF;
  RETURN NULL;
END
$$;
ALTER FUNCTION notify_assigned() OWNER TO kith_definer;

-- Has the people told to whom records of an entity are given.
CREATE PROCEDURE announce_assignments(entity text, table_name text, assigned_column text, title_column text)
LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER %I AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION notify_assigned(%L, %L, %L)', table_name || '_assigned_insert', table_name, entity, assigned_column, title_column);
  EXECUTE format('CREATE TRIGGER %I AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION notify_assigned(%L, %L, %L)', table_name || '_assigned_update', table_name, entity, assigned_column, title_column);
END
$$;
CALL announce_assignments('task', 'tasks', 'assigned_to_id', 'title');
CALL announce_assignments('lead', 'leads', 'owner_id', 'full_name');
CALL announce_assignments('deal', 'deals', 'owner_id', 'name');
CALL announce_assignments('ticket', 'tickets', 'assigned_to_id', 'subject');

-- Tells whoever a note mentions for the first time. It leads to the record that the note is about.
CREATE FUNCTION notify_mentioned() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  heading constant text := coalesce((SELECT u.full_name FROM users u WHERE u.id = current_user_id()), 'Somebody') || ' mentioned you';
  notices notice[];
BEGIN
  EXECUTE format('SELECT array_agg(ROW(m.person::uuid, ''mention'', $1, left(regexp_replace(n.content, ''@\[([^\]]*)\]\(user:[^)]*\)'', ''@\1'', ''g''), 500),
      ''info'', ''note'', n.id, record_page(n.subject_type, n.subject_id))::notice)
    FROM new_rows n %s CROSS JOIN LATERAL jsonb_array_elements_text(n.mentions) AS m (person)
    WHERE n.mentions <> ''[]'' %s',
    CASE TG_OP WHEN 'UPDATE' THEN 'JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id AND o.mentions <> n.mentions' ELSE '' END,
    CASE TG_OP WHEN 'UPDATE' THEN 'AND NOT o.mentions ? m.person' ELSE '' END)
  INTO notices USING heading;
  IF notices IS NOT NULL THEN
    PERFORM notify_all(notices);
  END IF;
  RETURN NULL;
END
$$;
ALTER FUNCTION notify_mentioned() OWNER TO kith_definer;
CREATE TRIGGER notes_mentioned_insert AFTER INSERT ON notes REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION notify_mentioned();
CREATE TRIGGER notes_mentioned_update AFTER UPDATE ON notes REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION notify_mentioned();

-- Mail about notifications: one as it happens, or all of a day or a week. As with all mail the row says which,
-- and what is said is what is true and readable when it is sent.
ALTER TABLE outgoing_mail DROP CONSTRAINT outgoing_mail_kind_check,
  ADD CONSTRAINT outgoing_mail_kind_check CHECK (kind ~ '^[a-z][a-z0-9_]{0,49}$');

-- What a mail about notifications tells: how many, and the newest of those that are unread and that its reader may
-- read. Null when there is nothing to tell any more.
CREATE FUNCTION told_in_mail(at_organization uuid, to_user uuid, about jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  acting constant text := coalesce(current_setting('kith.organization', true), '');
  answer jsonb;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM memberships m WHERE m.organization_id = at_organization AND m.user_id = to_user AND m.status = 'active') THEN
    RETURN NULL;
  END IF;
  PERFORM set_config('kith.organization', at_organization::text, true);
  WITH unread AS (
    SELECT n.* FROM notifications n
    WHERE n.organization_id = at_organization AND n.user_id = to_user AND NOT n.is_read
      AND CASE WHEN about ? 'notification_id' THEN n.id = (about ->> 'notification_id')::uuid
        ELSE n.digest = about ->> 'digest' AND n.digested_at = (about ->> 'digested_at')::timestamptz END
    ORDER BY n.created_at DESC, n.id DESC LIMIT 200
  ), asked AS MATERIALIZED (
    SELECT readable_by(to_user, array_agg(u.entity ORDER BY u.id), array_agg(u.record_id ORDER BY u.id)) AS answers, array_agg(u.id ORDER BY u.id) AS ids
    FROM unread u WHERE u.record_id IS NOT NULL
  ), shown AS (
    SELECT u.* FROM unread u
    WHERE u.record_id IS NULL OR EXISTS (SELECT 1 FROM asked a, unnest(a.ids, a.answers) AS r (id, may) WHERE r.id = u.id AND r.may)
  )
  SELECT jsonb_build_object('count', count(*), 'items', (
      SELECT jsonb_agg(jsonb_build_object('title', s.title, 'message', s.message, 'action_url', s.action_url) ORDER BY s.created_at DESC, s.id DESC)
      FROM (SELECT * FROM shown ORDER BY created_at DESC, id DESC LIMIT 20) s))
  INTO answer FROM shown HAVING count(*) > 0;
  PERFORM set_config('kith.organization', acting, true);
  RETURN answer;
END
$$;
ALTER FUNCTION told_in_mail(uuid, uuid, jsonb) OWNER TO kith_definer;
REVOKE ALL ON FUNCTION told_in_mail(uuid, uuid, jsonb) FROM PUBLIC;

-- As before, and mail about notifications.
CREATE OR REPLACE FUNCTION address_mail(of_mail uuid, new_hash bytea)
RETURNS TABLE (recipient text, recipient_name text, organization_name text, details jsonb, valid_seconds integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  mail outgoing_mail;
  person users;
  address text;
  organization text;
  more jsonb := '{}';
  lifetime interval;
BEGIN
  PERFORM require_no_user();
  SELECT m.* INTO mail FROM outgoing_mail m WHERE m.id = of_mail AND m.status = 'sending' FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  IF mail.kind = 'reset_password' THEN
    SELECT u.* INTO person FROM users u WHERE u.email = mail.recipient AND u.is_active;
    address := person.email;
    lifetime := interval '1 hour';
  ELSIF mail.kind = 'verify_email' THEN
    SELECT u.* INTO person FROM users u WHERE u.id = mail.user_id AND u.email = mail.recipient AND u.is_active AND NOT u.is_verified;
    address := person.email;
    lifetime := interval '3 days';
  ELSIF mail.kind = 'invitation' THEN
    SELECT u.* INTO person FROM users u JOIN memberships m ON m.user_id = u.id
    WHERE m.organization_id = mail.organization_id AND m.user_id = mail.user_id AND m.status = 'invited' AND m.invited_at IS NOT NULL
      AND m.email = mail.recipient;
    IF FOUND THEN
      address := mail.recipient;
    END IF;
    lifetime := interval '7 days';
    more := jsonb_build_object('role', (
      SELECT r.name FROM memberships m JOIN roles r ON r.organization_id = m.organization_id AND r.id = m.role_id
      WHERE m.organization_id = mail.organization_id AND m.user_id = mail.user_id));
  ELSE
    SELECT u.* INTO person FROM users u WHERE u.id = mail.user_id AND u.is_active;
    address := person.email;
    IF mail.kind IN ('notification', 'digest') THEN
      more := told_in_mail(mail.organization_id, mail.user_id, mail.details);
      IF more IS NULL THEN
        address := NULL;
      END IF;
    END IF;
  END IF;
  IF address IS NULL THEN
    UPDATE outgoing_mail m SET status = 'dropped', finished_at = now() WHERE m.id = of_mail;
    RETURN;
  END IF;
  IF lifetime IS NOT NULL THEN
    INSERT INTO one_time_tokens (purpose, user_id, organization_id, email, token_hash, expires_at)
    VALUES (mail.kind, person.id, CASE WHEN mail.kind = 'invitation' THEN mail.organization_id END, address, new_hash, now() + lifetime);
  END IF;
  SELECT o.name INTO organization FROM organizations o WHERE o.id = mail.organization_id;
  RETURN QUERY SELECT address, person.full_name::text, organization, mail.details || more, extract(epoch FROM lifetime)::integer;
END
$$;

-- A time zone that the database knows; UTC for any other text.
CREATE FUNCTION known_zone(wanted text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
BEGIN
  PERFORM now() AT TIME ZONE wanted;
  RETURN coalesce(wanted, 'UTC');
EXCEPTION WHEN invalid_parameter_value THEN
  RETURN 'UTC';
END
$$;

-- The last eight o'clock in the morning of a zone; for 'weekly' that of a Monday. What was made before it is due.
CREATE FUNCTION digest_boundary(cadence text, zone text, moment timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
  SELECT (CASE cadence WHEN 'weekly' THEN date_trunc('week', local_day) ELSE local_day END + interval '8 hours') AT TIME ZONE zone
  FROM (SELECT date_trunc('day', moment AT TIME ZONE zone - interval '8 hours') AS local_day) d
$$;

-- Whose digests are due: people with unread notifications from before their boundary.
CREATE FUNCTION due_digests(only_organization uuid, moment timestamptz)
RETURNS TABLE (organization_id uuid, user_id uuid, digest text, boundary timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT d.organization_id, d.user_id, d.digest, d.boundary FROM (
    SELECT n.organization_id, n.user_id, n.digest, n.oldest,
      digest_boundary(n.digest, known_zone(coalesce(u.timezone, o.timezone)), moment) AS boundary
    FROM (
      SELECT organization_id, user_id, digest, min(created_at) AS oldest FROM notifications
      WHERE digest <> 'off' AND digested_at IS NULL AND NOT is_read AND (only_organization IS NULL OR organization_id = only_organization)
      GROUP BY 1, 2, 3
    ) n
    JOIN memberships m ON m.organization_id = n.organization_id AND m.user_id = n.user_id AND m.status = 'active'
    JOIN users u ON u.id = n.user_id AND u.is_active
    JOIN organizations o ON o.id = n.organization_id
  ) d WHERE d.oldest < d.boundary
$$;

CREATE FUNCTION organizations_with_send_digests(moment timestamptz) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_no_user();
  RETURN QUERY SELECT DISTINCT d.organization_id FROM due_digests(NULL, moment) d;
END
$$;

-- Queues the digests of the acting organization that are due. What went into one goes into no other.
CREATE FUNCTION send_digests(moment timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  sent bigint;
BEGIN
  PERFORM require_no_user();
  WITH marked AS (
    UPDATE notifications n SET digested_at = moment FROM due_digests(current_organization_id(), moment) d
    WHERE n.organization_id = d.organization_id AND n.user_id = d.user_id AND n.digest = d.digest AND n.digested_at IS NULL AND NOT n.is_read
      AND n.created_at < d.boundary
    RETURNING n.organization_id, n.user_id, n.digest
  ), mailed AS (
    INSERT INTO outgoing_mail (kind, user_id, organization_id, details)
    SELECT DISTINCT 'digest', m.user_id, m.organization_id, jsonb_build_object('digest', m.digest, 'digested_at', moment) FROM marked m
    RETURNING 1
  )
  SELECT count(*) INTO sent FROM mailed;
  IF sent > 0 THEN
    PERFORM pg_notify('kith_mail', '');
  END IF;
  RETURN sent;
END
$$;

-- Removes what nobody needs any more, a bounded piece at a time: finished jobs, read notifications, answers kept
-- for repeated requests, tokens that have expired. For no organization in particular.
CREATE FUNCTION clear_away(moment timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  gone bigint := 0;
  removed bigint;
BEGIN
  PERFORM require_no_user();
  DELETE FROM jobs WHERE (organization_id, id) IN (
    SELECT organization_id, id FROM jobs
    WHERE finished_at < moment - interval '30 days' AND (status <> 'dead' OR finished_at < moment - interval '180 days') LIMIT 5000);
  GET DIAGNOSTICS removed = ROW_COUNT;
  gone := gone + removed;
  DELETE FROM notifications WHERE (organization_id, id) IN (
    SELECT organization_id, id FROM notifications
    WHERE created_at < moment - interval '90 days' AND (is_read OR created_at < moment - interval '365 days') LIMIT 5000);
  GET DIAGNOSTICS removed = ROW_COUNT;
  gone := gone + removed;
  DELETE FROM idempotency_keys WHERE (organization_id, user_id, key) IN (
    SELECT organization_id, user_id, key FROM idempotency_keys WHERE created_at < moment - interval '24 hours' LIMIT 5000);
  GET DIAGNOSTICS removed = ROW_COUNT;
  gone := gone + removed;
  DELETE FROM refresh_tokens WHERE id IN (SELECT id FROM refresh_tokens WHERE expires_at < moment - interval '1 day' LIMIT 5000);
  GET DIAGNOSTICS removed = ROW_COUNT;
  gone := gone + removed;
  DELETE FROM one_time_tokens WHERE id IN (SELECT id FROM one_time_tokens WHERE expires_at < moment - interval '1 day' LIMIT 5000);
  GET DIAGNOSTICS removed = ROW_COUNT;
  gone := gone + removed;
  DELETE FROM outgoing_mail WHERE id IN (
    SELECT id FROM outgoing_mail WHERE status IN ('sent', 'dropped') AND finished_at < moment - interval '30 days' LIMIT 5000);
  GET DIAGNOSTICS removed = ROW_COUNT;
  gone := gone + removed;
  RETURN gone;
END
$$;

DO $$
DECLARE door text;
BEGIN
  EXECUTE 'ALTER FUNCTION due_digests(uuid, timestamptz) OWNER TO kith_definer';
  EXECUTE 'REVOKE ALL ON FUNCTION due_digests(uuid, timestamptz) FROM PUBLIC';
  FOREACH door IN ARRAY ARRAY['organizations_with_send_digests(timestamptz)', 'send_digests(timestamptz)', 'clear_away(timestamptz)'] LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO kith_definer', door);
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', door);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO kith_app', door);
  END LOOP;
END
$$;
