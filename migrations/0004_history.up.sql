-- Every write leaves three things in its own transaction, written set-wise by statement triggers:
-- an audit entry (what exactly changed), an activity (what people read), an event (what others are
-- told). The tables are shaped for undo, as-of reading, sealing and live delivery, which only read.

-- One row a changed record. Updates hold the changed fields only; inserts the new row without its
-- nulls, deletes the whole old row. Outlives its record, so it names it without a foreign key.
CREATE TABLE audit_log (
  organization_id  uuid NOT NULL,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  created_at       timestamptz NOT NULL DEFAULT now(),
  entity_type      text NOT NULL,
  record_id        uuid NOT NULL,
  action           text NOT NULL CHECK (action IN ('INSERT', 'UPDATE', 'DELETE', 'LOGIN', 'EXPORT', 'PERMISSION')),
  version          bigint,
  old_values       jsonb,
  new_values       jsonb,
  changed_fields   text[],
  user_id          uuid,
  change_set_id    uuid,
  origin           text,
  ip_address       inet,
  user_agent       text,
  PRIMARY KEY (organization_id, id, created_at)
) PARTITION BY RANGE (created_at);
CREATE INDEX audit_log_record ON audit_log (organization_id, entity_type, record_id, id);
CREATE INDEX audit_log_change_set ON audit_log (organization_id, change_set_id);
CREATE INDEX audit_log_user ON audit_log (organization_id, user_id, id);

-- Rows of a month for which nobody made a partition in time; never lost, only less tidy.
CREATE TABLE audit_log_default PARTITION OF audit_log DEFAULT;

-- Makes the partitions up to two years ahead. The program calls it at every start as the owner.
CREATE PROCEDURE make_audit_partitions()
LANGUAGE plpgsql AS $$
DECLARE
  month date := date_trunc('month', now() AT TIME ZONE 'UTC')::date;
  name text;
BEGIN
  FOR step IN 0..24 LOOP
    name := 'audit_log_' || to_char(month, 'YYYY_MM');
    IF to_regclass(name) IS NULL THEN
      EXECUTE format('CREATE TABLE %I PARTITION OF audit_log FOR VALUES FROM (%L) TO (%L)', name,
        month::timestamp AT TIME ZONE 'UTC', (month + interval '1 month')::timestamp AT TIME ZONE 'UTC');
      EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
      EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    END IF;
    month := month + interval '1 month';
  END LOOP;
END
$$;
CALL make_audit_partitions();
ALTER TABLE audit_log_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_log_default FORCE ROW LEVEL SECURITY;

-- What happened, in words for people: the timeline.
CREATE TABLE activities (
  organization_id  uuid NOT NULL,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  type             text NOT NULL CHECK (type IN ('created', 'updated', 'deleted', 'restored', 'status_changed',
                     'stage_changed', 'message_sent', 'note', 'email', 'call', 'meeting', 'task', 'file_upload',
                     'commented', 'merged', 'converted', 'system')),
  subject          text,
  description      text,
  entity_type      text NOT NULL,
  entity_id        uuid NOT NULL,
  contact_id       uuid,
  user_id          uuid,
  change_set_id    uuid,
  metadata         jsonb NOT NULL DEFAULT '{}',
  created_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid,
  PRIMARY KEY (organization_id, id)
);
CREATE INDEX activities_entity_id ON activities (organization_id, entity_id, created_at, id);
CREATE INDEX activities_created_at ON activities (organization_id, created_at, id);
CREATE INDEX activities_user_id ON activities (organization_id, user_id, created_at, id);
CREATE INDEX activities_type ON activities (organization_id, type, created_at, id);
CREATE INDEX activities_contact_id ON activities (organization_id, contact_id) WHERE contact_id IS NOT NULL;

-- The outbox. `seq` orders; a reader goes no further than the oldest transaction still running
-- (transaction_id < pg_snapshot_xmin), so one that commits late is never skipped.
CREATE SEQUENCE events_seq;
CREATE TABLE events (
  organization_id  uuid NOT NULL,
  seq              bigint NOT NULL DEFAULT nextval('events_seq'),
  transaction_id   xid8 NOT NULL DEFAULT pg_current_xact_id(),
  entity           text NOT NULL,
  record_id        uuid NOT NULL,
  action           text NOT NULL CHECK (action IN ('created', 'updated', 'deleted', 'restored', 'purged')),
  version          bigint,
  changed          text[],
  actor_id         uuid,
  change_set_id    uuid,
  created_at       timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, seq)
);
ALTER SEQUENCE events_seq OWNED BY events.seq;

-- Which table holds the records of an entity; record_visible() is written anew from it.
CREATE TABLE record_tables (
  entity        text PRIMARY KEY,
  table_name    text NOT NULL UNIQUE,
  resource      text NOT NULL,
  -- What names a record to people; '' for none.
  title_column  text NOT NULL
);
GRANT SELECT ON record_tables TO kith_definer;

-- The entities whose every record the acting user may read: for these nothing has to be asked row
-- by row.
CREATE FUNCTION entities_read_in_full() RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN ARRAY(SELECT r.entity FROM record_tables r WHERE access_scope(r.resource, 'read') = 'all');
END
$$;
ALTER FUNCTION entities_read_in_full() OWNER TO kith_definer;

-- Whether the acting user may read a record, asked of the record's own table under its own policies.
CREATE FUNCTION record_visible(entity text, record uuid) RETURNS boolean
LANGUAGE plpgsql STABLE COST 10000 AS $$ BEGIN RETURN false; END $$;

-- The type of the activity that tells of a record which is about another: what was done with that one.
-- Written anew by the migrations that bring such entities.
CREATE FUNCTION activity_type(entity text, written jsonb) RETURNS text
LANGUAGE sql IMMUTABLE AS $$ SELECT 'system' $$;

-- Writes audit entry, activity and event for all rows of a statement. The activity of a record that is
-- about another (a note, a call, a task) belongs to the timeline of that other record.
-- Arguments: entity, title column (a record titled by its user bears the person's name), columns that
-- are not news (derived or bookkeeping), 'about' for records that are about another, the column whose
-- text the activity tells.
CREATE FUNCTION record_history() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  entity constant text := TG_ARGV[0];
  title constant text := TG_ARGV[1];
  ignored constant text[] := TG_ARGV[2]::text[];
  about constant boolean := TG_ARGV[3] = 'about';
  body constant text := TG_ARGV[4];
  actor constant uuid := current_user_id();
  change_set constant uuid := current_change_set_id();
  origin constant text := nullif(current_setting('kith.origin', true), '');
  ip constant inet := nullif(current_setting('kith.ip', true), '')::inet;
  agent constant text := nullif(current_setting('kith.user_agent', true), '');
BEGIN
  IF TG_OP = 'INSERT' THEN
    WITH changes AS MATERIALIZED (
      SELECT to_jsonb(n) AS row FROM new_rows n
    ), audited AS (
      INSERT INTO audit_log (organization_id, entity_type, record_id, action, version, new_values, user_id,
        change_set_id, origin, ip_address, user_agent)
      SELECT (row ->> 'organization_id')::uuid, entity, (row ->> 'id')::uuid, 'INSERT', (row ->> 'version')::bigint,
        jsonb_strip_nulls(row - ignored), actor, change_set, origin, ip, agent
      FROM changes
    ), told AS (
      INSERT INTO activities (organization_id, type, subject, description, entity_type, entity_id, user_id, created_by,
        change_set_id, metadata)
      SELECT (row ->> 'organization_id')::uuid, CASE WHEN about THEN activity_type(entity, row) ELSE 'created' END,
        CASE WHEN title = 'user_id' THEN (SELECT u.full_name FROM users u WHERE u.id = (row ->> 'user_id')::uuid) ELSE row ->> title END,
        coalesce(row ->> nullif(body, ''), 'Created'), CASE WHEN about THEN coalesce(row ->> 'subject_type', entity) ELSE entity END,
        coalesce(CASE WHEN about THEN row ->> 'subject_id' END, row ->> 'id')::uuid, actor, actor, change_set,
        CASE WHEN about THEN jsonb_build_object('entity', entity, 'id', row -> 'id', 'action', 'created') ELSE '{}' END
      FROM changes
    )
    INSERT INTO events (organization_id, entity, record_id, action, version, actor_id, change_set_id)
    SELECT (row ->> 'organization_id')::uuid, entity, (row ->> 'id')::uuid, 'created', (row ->> 'version')::bigint,
      actor, change_set
    FROM changes;
  ELSIF TG_OP = 'UPDATE' THEN
    WITH pairs AS MATERIALIZED (
      SELECT n.organization_id, n.id, to_jsonb(o) AS before, to_jsonb(n) AS after
      FROM new_rows n JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id
    ), changes AS MATERIALIZED (
      SELECT p.organization_id, p.id, p.after, d.fields, d.olds, d.news,
        CASE
          WHEN 'deleted_at' = ANY (d.fields) AND p.after ->> 'deleted_at' IS NOT NULL THEN 'deleted'
          WHEN 'deleted_at' = ANY (d.fields) THEN 'restored'
          ELSE 'updated'
        END AS what
      FROM pairs p
      CROSS JOIN LATERAL (
        SELECT array_agg(b.key ORDER BY b.key) AS fields, jsonb_object_agg(b.key, b.value) AS olds,
          jsonb_object_agg(b.key, p.after -> b.key) AS news
        FROM jsonb_each(p.before - ignored) b
        WHERE b.value IS DISTINCT FROM p.after -> b.key
      ) d
      WHERE d.fields IS NOT NULL
    ), audited AS (
      INSERT INTO audit_log (organization_id, entity_type, record_id, action, version, old_values, new_values,
        changed_fields, user_id, change_set_id, origin, ip_address, user_agent)
      SELECT organization_id, entity, id, 'UPDATE', (after ->> 'version')::bigint, olds, news, fields, actor, change_set,
        origin, ip, agent
      FROM changes
    ), told AS (
      INSERT INTO activities (organization_id, type, subject, description, entity_type, entity_id, user_id, created_by,
        change_set_id, metadata)
      SELECT c.organization_id,
        CASE WHEN about THEN activity_type(entity, c.after) WHEN c.what <> 'updated' THEN c.what
          WHEN c.news ->> 'converted_at' IS NOT NULL THEN 'converted' WHEN c.news ? 'stage_id' THEN 'stage_changed'
          WHEN c.news ? 'status' THEN 'status_changed' ELSE 'updated' END,
        CASE WHEN title = 'user_id' THEN (SELECT u.full_name FROM users u WHERE u.id = (c.after ->> 'user_id')::uuid) ELSE c.after ->> title END,
        CASE WHEN c.what = 'deleted' THEN 'Deleted' WHEN c.what = 'restored' THEN 'Restored'
          WHEN c.news ? 'stage_id' THEN format('Moved from %s to %s', coalesce(s.old_name, 'nowhere'), s.new_name)
          WHEN c.news ? 'status' THEN format('Changed status from %s to %s', coalesce(c.olds ->> 'status', 'nothing'), c.news ->> 'status')
          ELSE 'Changed ' || replace(regexp_replace(array_to_string(c.fields, ', '), '_id\M', '', 'g'), '_', ' ') END,
        CASE WHEN about THEN coalesce(c.after ->> 'subject_type', entity) ELSE entity END,
        coalesce(CASE WHEN about THEN c.after ->> 'subject_id' END, c.id::text)::uuid, actor, actor, change_set,
        jsonb_strip_nulls(jsonb_build_object('fields', to_jsonb(c.fields),
          'from', coalesce(s.old_name, CASE WHEN c.news ? 'status' THEN c.olds ->> 'status' END),
          'to', coalesce(s.new_name, CASE WHEN c.news ? 'status' THEN c.news ->> 'status' END),
          'entity', CASE WHEN about THEN entity END, 'id', CASE WHEN about THEN c.id END, 'action', CASE WHEN about THEN c.what END))
      FROM changes c
      LEFT JOIN LATERAL (
        SELECT (SELECT name FROM stages WHERE organization_id = c.organization_id AND id = (c.olds ->> 'stage_id')::uuid) AS old_name,
          (SELECT name FROM stages WHERE organization_id = c.organization_id AND id = (c.news ->> 'stage_id')::uuid) AS new_name
        WHERE c.news ? 'stage_id'
      ) s ON true
      -- Where a card lies on its board is no news to people.
      WHERE c.fields <> ARRAY['board_position']
    )
    INSERT INTO events (organization_id, entity, record_id, action, version, changed, actor_id, change_set_id)
    SELECT organization_id, entity, id, what, (after ->> 'version')::bigint, fields, actor, change_set
    FROM changes;
  ELSE
    WITH changes AS MATERIALIZED (
      SELECT to_jsonb(o) AS row FROM old_rows o
    ), audited AS (
      INSERT INTO audit_log (organization_id, entity_type, record_id, action, version, old_values, user_id, change_set_id,
        origin, ip_address, user_agent)
      SELECT (row ->> 'organization_id')::uuid, entity, (row ->> 'id')::uuid, 'DELETE', (row ->> 'version')::bigint,
        row - ignored, actor, change_set, origin, ip, agent
      FROM changes
    ), told AS (
      INSERT INTO activities (organization_id, type, subject, description, entity_type, entity_id, user_id, created_by,
        change_set_id, metadata)
      SELECT (row ->> 'organization_id')::uuid, CASE WHEN about THEN activity_type(entity, row) ELSE 'deleted' END,
        CASE WHEN title = 'user_id' THEN (SELECT u.full_name FROM users u WHERE u.id = (row ->> 'user_id')::uuid) ELSE row ->> title END,
        'Deleted', CASE WHEN about THEN coalesce(row ->> 'subject_type', entity) ELSE entity END,
        coalesce(CASE WHEN about THEN row ->> 'subject_id' END, row ->> 'id')::uuid, actor, actor, change_set,
        CASE WHEN about THEN jsonb_build_object('entity', entity, 'id', row -> 'id', 'action', 'deleted') ELSE '{}' END
      FROM changes
    )
    INSERT INTO events (organization_id, entity, record_id, action, version, actor_id, change_set_id)
    SELECT (row ->> 'organization_id')::uuid, entity, (row ->> 'id')::uuid, 'purged', (row ->> 'version')::bigint,
      actor, change_set
    FROM changes;
  END IF;
  RETURN NULL;
END
$$;
ALTER FUNCTION record_history() OWNER TO kith_definer;
GRANT USAGE ON SEQUENCE events_seq TO kith_definer;

-- Gives a table its history, and its entity a place in record_visible(). `body_column`: the text that
-- the activity of a new record tells; '' for none.
CREATE PROCEDURE keep_history(entity text, table_name text, title_column text, resource text, body_column text DEFAULT '')
LANGUAGE plpgsql AS $$
DECLARE
  ignored text[] := ARRAY(
    SELECT attname::text FROM pg_attribute
    WHERE attrelid = table_name::regclass AND attnum > 0 AND NOT attisdropped
      AND (attgenerated <> '' OR attname IN ('organization_id', 'id', 'version', 'created_at', 'created_by', 'updated_at', 'updated_by',
        'subject_owner_id', 'subject_company_id')));
  about boolean := EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = table_name::regclass AND attname = 'subject_type');
  arguments text := format('%L, %L, %L, %L, %L', entity, title_column, ignored::text, CASE WHEN about THEN 'about' ELSE '' END, body_column);
BEGIN
  EXECUTE format('CREATE TRIGGER %I AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION record_history(%s)', table_name || '_history_insert', table_name, arguments);
  EXECUTE format('CREATE TRIGGER %I AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION record_history(%s)', table_name || '_history_update', table_name, arguments);
  EXECUTE format('CREATE TRIGGER %I AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION record_history(%s)', table_name || '_history_delete', table_name, arguments);
  INSERT INTO record_tables VALUES (entity, table_name, resource, title_column);
  CALL write_record_visible();
END
$$;

CREATE PROCEDURE write_record_visible()
LANGUAGE plpgsql AS $$
DECLARE
  branches text := (
    SELECT string_agg(format('WHEN %L THEN RETURN EXISTS (SELECT 1 FROM %I t WHERE t.organization_id = current_organization_id() AND t.id = record);',
      r.entity, r.table_name), E'\n    ' ORDER BY r.entity)
    FROM record_tables r);
BEGIN
  IF branches IS NULL THEN
    branches := 'WHEN NULL THEN RETURN false;';
  END IF;
  EXECUTE format($f$CREATE OR REPLACE FUNCTION record_visible(entity text, record uuid) RETURNS boolean
LANGUAGE plpgsql STABLE COST 10000 AS $b$
BEGIN
  CASE entity
    %s
    ELSE RETURN false;
  END CASE;
END
$b$ $f$, branches);
END
$$;

-- The trail is read by whoever may read it all, and about a record by whoever may read the record.
-- Nobody changes it.
CALL forbid_by_default('audit_log');
CREATE POLICY audit_log_read ON audit_log FOR SELECT TO kith_app
  USING (organization_id = current_organization_id()
    AND ((SELECT access_scope('audit_log', 'read')) = 'all' OR entity_type = ANY ((SELECT entities_read_in_full())::text[]) OR record_visible(entity_type, record_id)));
GRANT SELECT ON audit_log TO kith_app;

CALL forbid_by_default('activities');
CREATE POLICY activities_read ON activities FOR SELECT TO kith_app
  USING (organization_id = current_organization_id()
    AND (SELECT access_scope('activities', 'read')) IS NOT NULL
    AND (entity_type = ANY ((SELECT entities_read_in_full())::text[]) OR record_visible(entity_type, entity_id)));
GRANT SELECT ON activities TO kith_app;

CALL forbid_by_default('events');
CREATE POLICY events_read ON events FOR SELECT TO kith_app
  USING (organization_id = current_organization_id()
    AND (SELECT access_scope('activities', 'read')) IS NOT NULL
    AND (entity = ANY ((SELECT entities_read_in_full())::text[]) OR record_visible(entity, record_id)));
GRANT SELECT ON events TO kith_app;

-- The definer only ever adds to the trail.
REVOKE UPDATE, DELETE ON audit_log, activities, events FROM kith_definer;

-- Identity is audited like everything else.
CALL keep_history('user', 'memberships', 'user_id', 'users');
CALL keep_history('role', 'roles', 'name', 'roles');
CALL keep_history('team', 'teams', 'name', 'teams');
CALL keep_history('team_member', 'team_members', 'user_id', 'teams');

-- What a request with an Idempotency-Key answered, so that repeating it repeats the answer.
CREATE TABLE idempotency_keys (
  organization_id  uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  user_id          uuid NOT NULL,
  key              text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
  request_hash     bytea NOT NULL,
  status           smallint,
  headers          jsonb,
  body             bytea,
  created_at       timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, user_id, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);
CALL forbid_by_default('idempotency_keys');
CREATE POLICY idempotency_keys_own ON idempotency_keys TO kith_app
  USING (organization_id = current_organization_id() AND user_id = (SELECT current_user_id()))
  WITH CHECK (organization_id = current_organization_id() AND user_id = (SELECT current_user_id()));
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO kith_app;

-- The trail in the shape in which it is listed.
CREATE INDEX audit_log_created_at ON audit_log (organization_id, created_at, id);
CREATE VIEW audit_entries WITH (security_invoker = true) AS
SELECT organization_id, id, created_at, user_id AS created_by, entity_type, record_id, action, version AS record_version,
  to_jsonb(changed_fields) AS changed_fields, old_values, new_values, user_id, change_set_id, origin, host(ip_address) AS ip_address, user_agent
FROM audit_log;
GRANT SELECT ON audit_entries TO kith_app;
