-- Privacy: what is kept how long, purging, everything held about a person, and their right to be forgotten. And
-- the facts from which it is told who sees a record.

-- `read`: hand a person all that is held about them. `delete`: remove records for good, and erase people.
CALL declare_resource('privacy', ARRAY['read', 'delete']);
SELECT apply_role_defaults(NULL, 'privacy');

-- Whoever removes what others may still want must hold everything about the resource, not a share of it.
CREATE FUNCTION require_privacy(privacy_action text, wanted_resource text, actions text[]) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
  IF access_scope('privacy', privacy_action) IS DISTINCT FROM 'all'
    OR EXISTS (SELECT 1 FROM unnest(actions) a (action) WHERE access_scope(wanted_resource, a.action) IS DISTINCT FROM 'all')
  THEN
    RAISE EXCEPTION 'You may not do this. Ask an admin of your organization.' USING ERRCODE = 'KT403';
  END IF;
END
$$;

-- The trails only grow. What may happen to an entry: its values are blotted out, member by member, when a person
-- is forgotten; and it goes when it is older than the organization keeps it.
CREATE FUNCTION retention_days(of_organization uuid, what text) RETURNS integer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN (SELECT (o.settings -> 'retention' ->> what)::integer FROM organizations o WHERE o.id = of_organization);
END
$$;
CREATE FUNCTION is_blotted(before jsonb, after jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
  SELECT before IS NOT DISTINCT FROM after OR (
    jsonb_typeof(before) = 'object' AND jsonb_typeof(after) = 'object'
    AND (SELECT count(*) FROM jsonb_object_keys(before)) = (SELECT count(*) FROM jsonb_object_keys(after))
    AND NOT EXISTS (
      SELECT 1 FROM jsonb_each(before) b
      WHERE b.value IS DISTINCT FROM after -> b.key AND coalesce(after ->> b.key NOT LIKE '%[erased]%', true)))
$$;
CREATE FUNCTION guard_trail() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
  before jsonb := to_jsonb(OLD);
  after jsonb;
  days integer;
BEGIN
  IF TG_OP = 'DELETE' THEN
    days := retention_days(OLD.organization_id, TG_ARGV[0] || '_days');
    IF (days IS NULL OR OLD.created_at > now() - make_interval(days => days))
      -- Of an organization that is gone nothing is kept.
      AND EXISTS (SELECT 1 FROM organizations o WHERE o.id = OLD.organization_id)
    THEN
      RAISE EXCEPTION 'The trail is kept.' USING ERRCODE = 'KT403';
    END IF;
    RETURN OLD;
  END IF;
  after := to_jsonb(NEW);
  -- What merges move of the timeline is whose it is, never what it says.
  IF TG_ARGV[0] = 'activities' THEN
    after := after || jsonb_build_object('entity_id', before -> 'entity_id', 'contact_id', before -> 'contact_id');
  END IF;
  IF NOT is_blotted(before - '{old_values,new_values,metadata}'::text[], after - '{old_values,new_values,metadata}'::text[])
    OR NOT is_blotted(nullif(before -> 'old_values', 'null'), nullif(after -> 'old_values', 'null'))
    OR NOT is_blotted(nullif(before -> 'new_values', 'null'), nullif(after -> 'new_values', 'null'))
    OR NOT is_blotted(nullif(before -> 'metadata', 'null'), nullif(after -> 'metadata', 'null'))
  THEN
    RAISE EXCEPTION 'The trail is kept as it is.' USING ERRCODE = 'KT403';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER audit_log_guard BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION guard_trail('audit_log');
CREATE TRIGGER activities_guard BEFORE UPDATE OR DELETE ON activities FOR EACH ROW EXECUTE FUNCTION guard_trail('activities');
GRANT UPDATE (old_values, new_values), DELETE ON audit_log TO kith_definer;
GRANT UPDATE (subject, description, metadata), DELETE ON activities TO kith_definer;

-- The records of an entity that may go: nothing that has to be kept points at them.
CREATE FUNCTION free_to_go(wanted_entity text) RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT coalesce(string_agg(format('NOT EXISTS (SELECT 1 FROM %I r WHERE r.organization_id = t.organization_id AND r.%I = t.id)', table_name, column_name), ' AND '), 'true')
  FROM references_to(wanted_entity) WHERE on_delete IN ('r', 'a') AND column_name = set_column
$$;

-- Removes records for good and answers how many. What has to be kept keeps its record.
CREATE FUNCTION remove_records(of_organization uuid, wanted_entity text, ids uuid[]) RETURNS bigint
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  own_table constant text := (SELECT r.table_name FROM record_tables r WHERE r.entity = wanted_entity);
  gone bigint := 0;
  one uuid;
BEGIN
  BEGIN
    EXECUTE format('DELETE FROM %I WHERE organization_id = $1 AND id = ANY ($2)', own_table) USING of_organization, ids;
    RETURN cardinality(ids);
  EXCEPTION WHEN foreign_key_violation OR restrict_violation OR raise_exception THEN
    -- Something among what goes along with them; those without it go alone.
    NULL;
  END;
  FOREACH one IN ARRAY ids LOOP
    BEGIN
      EXECUTE format('DELETE FROM %I WHERE organization_id = $1 AND id = $2', own_table) USING of_organization, one;
      gone := gone + 1;
    EXCEPTION WHEN foreign_key_violation OR restrict_violation OR raise_exception THEN
      NULL;
    END;
  END LOOP;
  RETURN gone;
END
$$;

-- The organization's settings: {"retention": {"deleted_days": 90, "company_days": 365, "audit_log_days": 3650,
-- "activities_days": 1825}}. `deleted_days` is for every entity that has no days of its own; without either, what
-- is deleted is kept.
CREATE FUNCTION organizations_with_retention(at timestamptz) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  one record;
  target record;
  due boolean;
BEGIN
  PERFORM require_no_user();
  FOR one IN SELECT o.id, o.settings -> 'retention' AS kept FROM organizations o WHERE jsonb_typeof(o.settings -> 'retention') = 'object' LOOP
    due := EXISTS (SELECT 1 FROM audit_log a WHERE a.organization_id = one.id AND a.created_at < at - make_interval(days => (one.kept ->> 'audit_log_days')::integer))
      OR EXISTS (SELECT 1 FROM activities a WHERE a.organization_id = one.id AND a.created_at < at - make_interval(days => (one.kept ->> 'activities_days')::integer));
    FOR target IN
      SELECT r.entity, r.table_name, coalesce(one.kept ->> (r.entity || '_days'), one.kept ->> 'deleted_days')::integer AS days
      FROM record_tables r JOIN pg_attribute a ON a.attrelid = r.table_name::regclass AND a.attname = 'deleted_at'
    LOOP
      EXIT WHEN due;
      CONTINUE WHEN target.days IS NULL;
      EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I t WHERE organization_id = $1 AND deleted_at < $2 AND %s)', target.table_name, free_to_go(target.entity))
      INTO due USING one.id, at - make_interval(days => target.days);
    END LOOP;
    IF due THEN
      RETURN NEXT one.id;
    END IF;
  END LOOP;
END
$$;

-- Does what is due of one organization's retention, at most `most` rows of it, and answers how many.
CREATE FUNCTION apply_retention(at timestamptz, most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  org constant uuid := current_organization_id();
  kept constant jsonb := (SELECT o.settings -> 'retention' FROM organizations o WHERE o.id = org);
  target record;
  ids uuid[];
  gone bigint := 0;
  more bigint;
BEGIN
  PERFORM require_no_user();
  FOR target IN
    SELECT r.entity, r.table_name, coalesce(kept ->> (r.entity || '_days'), kept ->> 'deleted_days')::integer AS days
    FROM record_tables r JOIN pg_attribute a ON a.attrelid = r.table_name::regclass AND a.attname = 'deleted_at' ORDER BY r.entity
  LOOP
    CONTINUE WHEN target.days IS NULL OR gone >= most;
    EXECUTE format('SELECT ARRAY(SELECT id FROM %I t WHERE organization_id = $1 AND deleted_at < $2 AND %s ORDER BY deleted_at LIMIT $3 FOR UPDATE SKIP LOCKED)',
      target.table_name, free_to_go(target.entity))
    INTO ids USING org, at - make_interval(days => target.days), most - gone;
    IF cardinality(ids) > 0 THEN
      gone := gone + remove_records(org, target.entity, ids);
    END IF;
  END LOOP;
  -- The oldest entries go; what is too young refuses (guard_trail).
  DELETE FROM audit_log a USING (
    SELECT id, created_at FROM audit_log WHERE organization_id = org AND created_at < at - make_interval(days => (kept ->> 'audit_log_days')::integer)
    ORDER BY created_at LIMIT greatest(most - gone, 0)) old
  WHERE a.organization_id = org AND a.id = old.id AND a.created_at = old.created_at;
  GET DIAGNOSTICS more = ROW_COUNT;
  gone := gone + more;
  DELETE FROM activities a USING (
    SELECT id FROM activities WHERE organization_id = org AND created_at < at - make_interval(days => (kept ->> 'activities_days')::integer)
    ORDER BY created_at LIMIT greatest(most - gone, 0)) old
  WHERE a.organization_id = org AND a.id = old.id;
  GET DIAGNOSTICS more = ROW_COUNT;
  RETURN gone + more;
END
$$;

-- Removes one deleted record for good, with what belongs to it. False when there is no such record.
CREATE FUNCTION purge_record(wanted_entity text, record uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  target record_tables := (SELECT r FROM record_tables r WHERE r.entity = wanted_entity);
  deleted timestamptz;
  there boolean;
  holder text;
BEGIN
  PERFORM require_privacy('delete', target.resource, ARRAY['read', 'delete']);
  EXECUTE format('SELECT true, deleted_at FROM %I WHERE organization_id = $1 AND id = $2 FOR UPDATE', target.table_name)
  INTO there, deleted USING current_organization_id(), record;
  IF there IS NULL THEN
    RETURN false;
  END IF;
  IF deleted IS NULL THEN
    RAISE EXCEPTION 'Only a deleted record can be removed for good. Delete it first.' USING ERRCODE = 'KT409';
  END IF;
  BEGIN
    EXECUTE format('DELETE FROM %I WHERE organization_id = $1 AND id = $2', target.table_name) USING current_organization_id(), record;
  EXCEPTION WHEN foreign_key_violation OR restrict_violation THEN
    GET STACKED DIAGNOSTICS holder = TABLE_NAME;
    RAISE EXCEPTION 'This record stays: % that have to be kept refer to it.', replace(holder, '_', ' ') USING ERRCODE = 'KT409';
  END;
  RETURN true;
END
$$;

-- The entities whose records are people, with the columns that say who they are.
CREATE TABLE person_entities (
  entity            text PRIMARY KEY REFERENCES record_tables (entity) ON DELETE CASCADE,
  email_column      text NOT NULL,
  name_key_column   text NOT NULL,
  personal_columns  text[] NOT NULL
);
INSERT INTO person_entities VALUES
  ('contact', 'email', 'full_name_key', ARRAY['first_name', 'last_name', 'email', 'phone', 'mobile', 'address', 'social_profiles']),
  ('lead', 'email', 'full_name_key', ARRAY['first_name', 'last_name', 'email', 'phone']);
GRANT SELECT ON person_entities TO kith_app, kith_definer;

-- What stays when a person is forgotten, and why.
CREATE TABLE erasure_exceptions (
  table_name  text PRIMARY KEY,
  reason      text NOT NULL
);
INSERT INTO erasure_exceptions
SELECT kept.name, kept.reason FROM (VALUES
  ('invoices', 'Invoices have to be kept as they were sent'),
  ('invoice_items', 'Invoices have to be kept as they were sent'),
  ('payments', 'Payments have to be kept'),
  ('refunds', 'Payments have to be kept'),
  ('suppressions', 'So that nobody writes to this address again')) AS kept (name, reason);
GRANT SELECT ON erasure_exceptions TO kith_definer;

-- Tables of which the definer removes rows for this alone.
CREATE TABLE erasure_grants (table_name text PRIMARY KEY);

-- Every record that is this person: the record, those merged into it, those it was converted from or into, and
-- those of the same name with the same address. By entity.
CREATE FUNCTION same_person(wanted_entity text, record uuid) RETURNS TABLE (entity text, ids uuid[])
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  org constant uuid := current_organization_id();
  known jsonb := jsonb_build_object(wanted_entity, jsonb_build_array(record));
  before jsonb;
  person record;
  other record;
  mine uuid[];
  more uuid[];
  addresses text[];
  names text[];
BEGIN
  LOOP
    before := known;
    FOR person IN SELECT p.*, r.table_name FROM person_entities p JOIN record_tables r USING (entity) WHERE known ? p.entity LOOP
      mine := ARRAY(SELECT jsonb_array_elements_text(known -> person.entity)::uuid);
      more := ARRAY(SELECT a.id FROM record_aliases a WHERE a.organization_id = org AND a.target_id = ANY (mine));
      known := jsonb_set(known, ARRAY[person.entity], to_jsonb(ARRAY(SELECT DISTINCT u FROM unnest(mine || more) u ORDER BY u)));
      -- Every address they have or had.
      EXECUTE format($f$
        SELECT ARRAY(SELECT %1$I::text FROM %2$I WHERE organization_id = $1 AND id = ANY ($2) AND %1$I IS NOT NULL
            UNION SELECT v FROM audit_log a, unnest(ARRAY[a.old_values ->> %1$L, a.new_values ->> %1$L]) v
              WHERE a.organization_id = $1 AND a.entity_type = $3 AND a.record_id = ANY ($2) AND v LIKE '%%@%%'),
          ARRAY(SELECT %3$I FROM %2$I WHERE organization_id = $1 AND id = ANY ($2) AND %3$I IS NOT NULL)
      $f$, person.email_column, person.table_name, person.name_key_column)
      INTO addresses, names USING org, mine, person.entity;
      FOR other IN SELECT p.*, r.table_name FROM person_entities p JOIN record_tables r USING (entity) LOOP
        EXECUTE format('SELECT ARRAY(SELECT id FROM %I WHERE organization_id = $1 AND %I = ANY ($2) AND coalesce(%I = ANY ($3), true))',
          other.table_name, other.email_column, other.name_key_column)
        INTO more USING org, addresses, names;
        known := jsonb_set(known, ARRAY[other.entity], to_jsonb(ARRAY(
          SELECT DISTINCT u FROM unnest(more || ARRAY(SELECT jsonb_array_elements_text(coalesce(known -> other.entity, '[]'))::uuid)) u ORDER BY u)));
      END LOOP;
      -- Both ways along what a person was converted into.
      FOR other IN
        SELECT p.entity, f.table_name, f.column_name FROM references_to(person.entity) f
        JOIN record_tables r ON r.table_name = f.table_name JOIN person_entities p ON p.entity = r.entity
      LOOP
        EXECUTE format('SELECT ARRAY(SELECT id FROM %I WHERE organization_id = $1 AND %I = ANY ($2))', other.table_name, other.column_name) INTO more USING org, mine;
        known := jsonb_set(known, ARRAY[other.entity], to_jsonb(ARRAY(
          SELECT DISTINCT u FROM unnest(more || ARRAY(SELECT jsonb_array_elements_text(coalesce(known -> other.entity, '[]'))::uuid)) u ORDER BY u)));
        EXECUTE format('SELECT ARRAY(SELECT %2$I FROM %1$I WHERE organization_id = $1 AND id = ANY ($2) AND %2$I IS NOT NULL)', other.table_name, other.column_name)
        INTO more USING org, ARRAY(SELECT jsonb_array_elements_text(coalesce(known -> other.entity, '[]'))::uuid);
        known := jsonb_set(known, ARRAY[person.entity], to_jsonb(ARRAY(
          SELECT DISTINCT u FROM unnest(more || ARRAY(SELECT jsonb_array_elements_text(known -> person.entity)::uuid)) u ORDER BY u)));
      END LOOP;
    END LOOP;
    EXIT WHEN known = before;
  END LOOP;
  RETURN QUERY SELECT k.key, ARRAY(SELECT jsonb_array_elements_text(k.value)::uuid) FROM jsonb_each(known) k WHERE jsonb_array_length(k.value) > 0;
END
$$;

-- Every row that belongs to a person or points at them, as tables with the column and the values that find the
-- rows: what goes when they go (`belongs`), to any depth, and what only mentions them.
CREATE FUNCTION rows_of_person(wanted_entity text, record uuid) RETURNS TABLE (table_name text, entity text, column_name text, ids uuid[], belongs boolean, depth integer)
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  org constant uuid := current_organization_id();
  here record;
  ref record;
  level integer := 0;
  now_at jsonb := '[]';
  next_at jsonb;
  seen jsonb := '{}';
  below uuid[];
  below_entity text;
BEGIN
  FOR here IN SELECT s.entity, s.ids, r.table_name FROM same_person(wanted_entity, record) s JOIN record_tables r USING (entity) LOOP
    RETURN QUERY SELECT here.table_name, here.entity, 'id', here.ids, true, 0;
    now_at := now_at || jsonb_build_object('entity', here.entity, 'ids', here.ids);
    seen := jsonb_set(seen, ARRAY[here.entity], to_jsonb(here.ids));
  END LOOP;
  WHILE jsonb_array_length(now_at) > 0 AND level < 8 LOOP
    level := level + 1;
    next_at := '[]';
    FOR here IN SELECT n ->> 'entity' AS entity, ARRAY(SELECT jsonb_array_elements_text(n -> 'ids')::uuid) AS ids FROM jsonb_array_elements(now_at) n LOOP
      FOR ref IN SELECT * FROM references_to(here.entity) LOOP
        below_entity := (SELECT r.entity FROM record_tables r WHERE r.table_name = ref.table_name);
        IF NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = ref.table_name::regclass AND a.attname = 'id' AND NOT a.attisdropped) THEN
          RETURN QUERY SELECT ref.table_name, below_entity, ref.column_name, here.ids, ref.on_delete = 'c', level;
          CONTINUE;
        END IF;
        EXECUTE format('SELECT ARRAY(SELECT id FROM %I WHERE organization_id = $1 AND %I = ANY ($2) AND (%s))', ref.table_name, ref.column_name, ref.condition)
        INTO below USING org, here.ids;
        IF below_entity IS NOT NULL THEN
          below := ARRAY(SELECT b FROM unnest(below) b WHERE NOT coalesce(seen -> below_entity ? b::text, false));
        END IF;
        CONTINUE WHEN cardinality(below) = 0;
        RETURN QUERY SELECT ref.table_name, below_entity, 'id', below, ref.on_delete = 'c', level;
        IF below_entity IS NOT NULL AND ref.on_delete = 'c' THEN
          seen := jsonb_set(seen, ARRAY[below_entity], coalesce(seen -> below_entity, '[]') || to_jsonb(below));
          next_at := next_at || jsonb_build_object('entity', below_entity, 'ids', below);
        END IF;
      END LOOP;
    END LOOP;
    now_at := next_at;
  END LOOP;
END
$$;

-- A row as it is shown to the person whose it is: without what is derived, and without secrets.
CREATE FUNCTION shown_row(of_table text, whole jsonb) RETURNS jsonb
LANGUAGE sql STABLE AS $$
  SELECT whole - ARRAY(
    SELECT a.attname::text FROM pg_attribute a
    WHERE a.attrelid = of_table::regclass AND a.attnum > 0
      AND (a.attname IN ('organization_id', 'search_text', 'search_vector', 'board_position', 'subject_owner_id', 'subject_company_id')
        OR a.attname LIKE '%\_key' AND a.attgenerated <> '' OR a.attname ~ '(^|_)(hash|secret|ciphertext|token)$'))
$$;

-- Everything that is held about a person, a row each.
CREATE FUNCTION personal_data(wanted_entity text, record uuid) RETURNS TABLE (about text, data jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  org constant uuid := current_organization_id();
  place record;
BEGIN
  PERFORM require_privacy('read', (SELECT r.resource FROM record_tables r WHERE r.entity = wanted_entity), ARRAY['read']);
  FOR place IN SELECT * FROM rows_of_person(wanted_entity, record) LOOP
    RETURN QUERY EXECUTE format('SELECT %L::text, shown_row(%L, to_jsonb(t)) FROM %I t WHERE organization_id = $1 AND %I = ANY ($2) ORDER BY to_jsonb(t) ->> ''created_at''',
      coalesce(place.entity, place.table_name), place.table_name, place.table_name, place.column_name)
    USING org, place.ids;
    IF place.belongs AND place.entity IS NOT NULL AND place.column_name = 'id' THEN
      RETURN QUERY SELECT 'audit_log', jsonb_build_object('at', a.created_at, 'entity', a.entity_type, 'record_id', a.record_id, 'action', a.action,
        'old_values', a.old_values, 'new_values', a.new_values)
      FROM audit_log a WHERE a.organization_id = org AND a.entity_type = place.entity AND a.record_id = ANY (place.ids) ORDER BY a.id;
    END IF;
  END LOOP;
END
$$;

-- Everything that is held about a member: who they are, what hangs on their account, and what they own by name.
-- Members may ask for themselves.
CREATE FUNCTION personal_data_of_member(member uuid) RETURNS TABLE (about text, data jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  org constant uuid := current_organization_id();
  ref record;
BEGIN
  IF member IS DISTINCT FROM current_user_id() OR nullif(current_setting('kith.key', true), '') IS NOT NULL THEN
    PERFORM require_privacy('read', 'users', ARRAY['read']);
  END IF;
  IF NOT EXISTS (SELECT 1 FROM memberships m WHERE m.organization_id = org AND m.user_id = member) THEN
    RETURN;
  END IF;
  RETURN QUERY SELECT 'user', shown_row('users', to_jsonb(u)) FROM users u WHERE u.id = member;
  FOR ref IN
    SELECT DISTINCT c.conrelid::regclass::text AS table_name, a.attname AS column_name, r.entity, r.title_column,
      EXISTS (SELECT 1 FROM pg_attribute o WHERE o.attrelid = c.conrelid AND o.attname = 'organization_id') AS has_organization
    FROM pg_constraint c
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[array_upper(c.conkey, 1)]
    LEFT JOIN record_tables r ON r.table_name = c.conrelid::regclass::text
    WHERE c.contype = 'f' AND c.conparentid = 0 AND c.confrelid IN ('users'::regclass, 'memberships'::regclass)
    ORDER BY 1, 2
  LOOP
    IF ref.column_name = 'user_id' OR ref.entity IS NULL THEN
      RETURN QUERY EXECUTE format('SELECT %L::text, shown_row(%L, to_jsonb(t)) FROM %I t WHERE %I = $2 AND %s', coalesce(ref.entity, ref.table_name), ref.table_name,
        ref.table_name, ref.column_name, CASE WHEN ref.has_organization THEN '(organization_id = $1 OR organization_id IS NULL)' ELSE '$1 IS NOT NULL' END)
      USING org, member;
    ELSE
      RETURN QUERY EXECUTE format('SELECT %L::text, jsonb_build_object(''id'', id, %L, true, ''title'', %s) FROM %I t WHERE organization_id = $1 AND %I = $2',
        ref.entity, ref.column_name, CASE WHEN ref.title_column IN ('', 'user_id') THEN 'NULL::text' ELSE quote_ident(ref.title_column) END, ref.table_name, ref.column_name)
      USING org, member;
    END IF;
  END LOOP;
  RETURN QUERY SELECT 'audit_log', jsonb_build_object('at', a.created_at, 'entity', a.entity_type, 'record_id', a.record_id, 'action', a.action,
    'ip_address', a.ip_address, 'user_agent', a.user_agent, 'values', CASE WHEN a.entity_type = 'user' AND a.record_id = member THEN a.new_values END)
  FROM audit_log a WHERE a.organization_id = org AND a.user_id = member ORDER BY a.id;
END
$$;

-- Texts with the person's names and addresses blotted out, however they are written.
CREATE FUNCTION blot(value text, pattern text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$ SELECT regexp_replace(value, pattern, '[erased]', 'gi') $$;
-- All values of a record's entry, but for what only says how things hang together.
CREATE FUNCTION blot_values(entry jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_object_agg(e.key, CASE
    WHEN jsonb_typeof(e.value) = 'null' OR jsonb_typeof(e.value) = 'boolean' OR e.value IN ('[]', '{}', '""')
      OR e.value #>> '{}' ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' OR e.key IN ('status', 'deleted_at', 'subject_type')
    THEN e.value ELSE '"[erased]"' END)
  FROM jsonb_each(entry) e
$$;

-- Blots a pattern out of every text that the organization has, and answers how many rows of which tables, and what
-- has to stay. The trails come last, because what is changed here is told there.
CREATE FUNCTION blot_everywhere(org uuid, pattern text) RETURNS jsonb
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  target record;
  sets text;
  finds text;
  touched bigint;
  report jsonb := '{"blotted": {}, "kept": []}';
  why text;
BEGIN
  FOR target IN
    SELECT c.oid, c.relname::text AS name, x.reason
    FROM pg_class c LEFT JOIN erasure_exceptions x ON x.table_name = c.relname
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
      AND EXISTS (SELECT 1 FROM pg_attribute o WHERE o.attrelid = c.oid AND o.attname = 'organization_id')
      AND c.relname NOT IN ('memberships', 'roles', 'role_permissions', 'record_values')
    ORDER BY c.relname IN ('audit_log', 'activities'), c.relname = 'audit_log', c.relname
  LOOP
    SELECT string_agg(CASE
        WHEN t.typname = 'jsonb' THEN format('%1$I = CASE WHEN %1$I::text ~* $2 THEN blot(%1$I::text, $2)::jsonb ELSE %1$I END', a.attname)
        WHEN t.typname = '_text' THEN format('%1$I = CASE WHEN %1$I::text ~* $2 THEN ARRAY(SELECT blot(e, $2) FROM unnest(%1$I) WITH ORDINALITY u (e, n) ORDER BY n) ELSE %1$I END', a.attname)
        WHEN t.typtype = 'd' THEN format('%1$I = CASE WHEN %1$I::text ~* $2 THEN NULL ELSE %1$I END', a.attname)
        WHEN t.typname = 'bytea' THEN format('%1$I = CASE WHEN encode(%1$I, ''escape'') ~* $2 THEN ''{}''::bytea ELSE %1$I END', a.attname)
        ELSE format('%1$I = CASE WHEN %1$I ~* $2 THEN blot(%1$I, $2) ELSE %1$I END', a.attname) END, ', '),
      string_agg(CASE WHEN t.typname = 'bytea' THEN format('encode(%I, ''escape'') ~* $2', a.attname) ELSE format('%I::text ~* $2', a.attname) END, ' OR ')
    INTO sets, finds
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = target.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
      AND (t.typname IN ('text', 'varchar', 'jsonb', '_text') OR t.typname = 'bytea' AND target.name = 'idempotency_keys'
        OR t.typtype = 'd' AND t.typbasetype = 'text'::regtype AND NOT a.attnotnull)
      AND (target.reason IS NOT NULL OR has_column_privilege('kith_definer', target.oid, a.attnum, 'UPDATE'));
    CONTINUE WHEN sets IS NULL;
    IF target.reason IS NOT NULL THEN
      EXECUTE format('SELECT count(*) FROM %I WHERE organization_id = $1 AND (%s)', target.name, finds) INTO touched USING org, pattern;
      why := target.reason;
    ELSE
      BEGIN
        EXECUTE format('UPDATE %I SET %s WHERE organization_id = $1 AND (%s)', target.name, sets, finds) USING org, pattern;
        GET DIAGNOSTICS touched = ROW_COUNT;
        IF touched > 0 THEN
          report := jsonb_set(report, ARRAY['blotted', target.name], to_jsonb(touched));
        END IF;
        CONTINUE;
      EXCEPTION WHEN raise_exception OR check_violation OR unique_violation OR insufficient_privilege OR SQLSTATE 'KT403' OR SQLSTATE 'KT409' OR SQLSTATE 'KT422' THEN
        EXECUTE format('SELECT count(*) FROM %I WHERE organization_id = $1 AND (%s)', target.name, finds) INTO touched USING org, pattern;
        why := SQLERRM;
      END;
    END IF;
    IF touched > 0 THEN
      report := jsonb_set(report, '{kept}', report -> 'kept' || jsonb_build_object('what', target.name, 'rows', touched, 'why', why));
    END IF;
  END LOOP;
  RETURN report;
END
$$;

-- Forgets a person: their records and what belongs to them go, and where something that has to be kept holds a
-- record, it stays without saying whose it is. Every other text is cleared of their names and addresses, the
-- trails too, which keep their entries. Answers what went and what stayed, or nothing when there is nobody.
CREATE FUNCTION erase_person(wanted_entity text, record uuid) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  org constant uuid := current_organization_id();
  place record;
  person record;
  part record;
  words text[] := '{}';
  more text[];
  pattern text;
  erased jsonb := '{}';
  kept jsonb := '[]';
  report jsonb;
  gone bigint;
  holder text;
  one uuid;
  there boolean;
  sets text;
  whole_rows jsonb := '[]';
BEGIN
  IF NOT EXISTS (SELECT 1 FROM person_entities p WHERE p.entity = wanted_entity) THEN
    RAISE EXCEPTION 'Only the records of people can be erased.' USING ERRCODE = 'KT409';
  END IF;
  PERFORM require_privacy('delete', (SELECT r.resource FROM record_tables r WHERE r.entity = wanted_entity), ARRAY['read', 'delete']);
  EXECUTE format('SELECT true FROM %I WHERE organization_id = $1 AND id = $2 FOR UPDATE', (SELECT r.table_name FROM record_tables r WHERE r.entity = wanted_entity))
  INTO there USING org, record;
  IF there IS NULL THEN
    RETURN NULL;
  END IF;
  -- Remembered now: afterwards nothing leads from one to the other.
  SELECT coalesce(jsonb_agg(to_jsonb(p) ORDER BY p.depth), '[]') INTO whole_rows FROM rows_of_person(wanted_entity, record) p WHERE p.belongs;

  -- What they are called, and were.
  FOR person IN
    SELECT p.*, r.table_name, s.ids FROM same_person(wanted_entity, record) s JOIN person_entities p USING (entity) JOIN record_tables r USING (entity)
  LOOP
    EXECUTE format($f$
      WITH versions AS (
        SELECT to_jsonb(t) AS whole FROM %1$I t WHERE organization_id = $1 AND id = ANY ($2)
        UNION ALL SELECT coalesce(a.old_values, '{}') FROM audit_log a WHERE a.organization_id = $1 AND a.entity_type = $3 AND a.record_id = ANY ($2)
        UNION ALL SELECT coalesce(a.new_values, '{}') FROM audit_log a WHERE a.organization_id = $1 AND a.entity_type = $3 AND a.record_id = ANY ($2)
      )
      SELECT array_agg(DISTINCT word) FROM (
        SELECT v.whole ->> c AS word FROM versions v, unnest($4::text[]) c WHERE c NOT IN ('first_name', 'last_name') AND jsonb_typeof(v.whole -> c) = 'string'
        UNION ALL SELECT leaf #>> '{}' FROM versions v, unnest($4::text[]) c, jsonb_path_query(v.whole -> c, '$.** ? (@.type() == "string")') leaf
          WHERE jsonb_typeof(v.whole -> c) = 'object' AND char_length(leaf #>> '{}') >= 8
        UNION ALL SELECT v.whole ->> 'first_name' || ' ' || (v.whole ->> 'last_name') FROM versions v
        UNION ALL SELECT v.whole ->> 'last_name' || ', ' || (v.whole ->> 'first_name') FROM versions v
      ) words WHERE char_length(word) >= 5 AND word NOT LIKE '%%[erased]%%'
    $f$, person.table_name) INTO more USING org, person.ids, person.entity, person.personal_columns;
    words := words || coalesce(more, '{}');
  END LOOP;

  FOR person IN
    SELECT p.*, r.table_name, s.ids FROM same_person(wanted_entity, record) s JOIN person_entities p USING (entity) JOIN record_tables r USING (entity)
  LOOP
    gone := 0;
    FOREACH one IN ARRAY person.ids LOOP
      BEGIN
        EXECUTE format('DELETE FROM %I WHERE organization_id = $1 AND id = $2', person.table_name) USING org, one;
        gone := gone + 1;
      EXCEPTION WHEN foreign_key_violation OR restrict_violation THEN
        GET STACKED DIAGNOSTICS holder = TABLE_NAME;
        kept := kept || jsonb_build_object('what', person.table_name, 'rows', 1,
          'why', format('%s that have to be kept refer to it; it no longer says who it is', initcap(replace(holder, '_', ' '))));
        FOR part IN SELECT * FROM references_to(person.entity) WHERE on_delete = 'c' LOOP
          BEGIN
            EXECUTE format('DELETE FROM %I WHERE organization_id = $1 AND %I = $2', part.table_name, part.column_name) USING org, one;
          EXCEPTION WHEN foreign_key_violation OR restrict_violation THEN
            kept := kept || jsonb_build_object('what', part.table_name, 'rows', 1, 'why', 'What has to be kept refers to it');
          END;
        END LOOP;
        SELECT string_agg(format('%I = %s', a.attname, CASE
            WHEN a.attname = 'last_name' THEN quote_literal('[erased]')
            WHEN a.attname = 'tags' THEN quote_literal('{}')
            WHEN a.attnotnull AND t.typname = 'jsonb' THEN quote_literal('{}')
            ELSE 'NULL' END), ', ')
        INTO sets
        FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
        WHERE a.attrelid = person.table_name::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
          AND (a.attname = ANY (person.personal_columns) OR a.attname IN ('notes', 'custom_fields', 'tags', 'preferences', 'job_title', 'department', 'website', 'company_name'));
        EXECUTE format('UPDATE %I SET %s, deleted_at = coalesce(deleted_at, now()) WHERE organization_id = $1 AND id = $2', person.table_name, sets) USING org, one;
      END;
    END LOOP;
    IF gone > 0 THEN
      erased := jsonb_set(erased, ARRAY[person.table_name], to_jsonb(gone));
    END IF;
  END LOOP;

  -- Their own entries in the trails say nothing any more; they stay in their places.
  FOR place IN SELECT * FROM jsonb_to_recordset(whole_rows) AS p (table_name text, entity text, column_name text, ids uuid[], depth integer) LOOP
    CONTINUE WHEN place.entity IS NULL OR place.column_name <> 'id';
    IF place.depth > 0 THEN
      erased := jsonb_set(erased, ARRAY[place.table_name], to_jsonb(coalesce((erased ->> place.table_name)::bigint, 0) + cardinality(place.ids)));
    END IF;
    UPDATE audit_log a SET old_values = blot_values(a.old_values), new_values = CASE WHEN a.action IN ('MERGE', 'ERASE', 'EXPORT') THEN a.new_values ELSE blot_values(a.new_values) END
    WHERE a.organization_id = org AND a.entity_type = place.entity AND a.record_id = ANY (place.ids);
    UPDATE activities a SET subject = CASE WHEN a.subject IS NOT NULL THEN '[erased]' END,
      description = CASE WHEN a.description ~ '^(Created|Deleted|Restored|Changed |Moved from )' THEN a.description WHEN a.description IS NOT NULL THEN '[erased]' END
    WHERE a.organization_id = org AND a.entity_type = place.entity AND a.entity_id = ANY (place.ids);
  END LOOP;
  IF cardinality(words) > 0 THEN
    SELECT string_agg(DISTINCT regexp_replace(w, '([^[:alnum:][:space:]])', '\\\1', 'g'), '|') INTO pattern FROM unnest(words) w;
    report := blot_everywhere(org, pattern);
    kept := kept || (report -> 'kept');
  END IF;
  report := jsonb_build_object('erased', erased, 'cleared', coalesce(report -> 'blotted', '{}'), 'kept', kept);
  INSERT INTO audit_log (organization_id, entity_type, record_id, action, new_values, user_id, change_set_id, origin, ip_address, user_agent)
  VALUES (org, wanted_entity, record, 'ERASE', report, current_user_id(), current_change_set_id(), nullif(current_setting('kith.origin', true), ''),
    nullif(current_setting('kith.ip', true), '')::inet, nullif(current_setting('kith.user_agent', true), ''));
  RETURN report;
END
$$;

-- What access goes by in a row: whose it is and what it hangs on, as far as the caller may read these columns at all.
-- Null for a row that they may not see.
CREATE FUNCTION row_facts(of_table text, record uuid) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
  parts text := (
    SELECT string_agg(format('%L, %I', a.attname, a.attname), ', ') FROM pg_attribute a
    WHERE a.attrelid = of_table::regclass AND a.attnum > 0 AND NOT a.attisdropped
      AND (a.atttypid = 'uuid'::regtype OR a.attname IN ('status', 'visibility', 'subject_type', 'entity_type')) AND has_column_privilege(a.attrelid, a.attnum, 'SELECT'));
  facts jsonb;
BEGIN
  EXECUTE format('SELECT jsonb_build_object(%s) FROM %I WHERE organization_id = current_organization_id() AND id = $1', parts, of_table) INTO facts USING record;
  RETURN facts;
END
$$;

-- The facts from which it is told why somebody may do what with a record. Run as the application's role: what is
-- allowed is asked of the record's own policies, once for each of these people.
CREATE FUNCTION access_of_members(of_table text, record uuid, resources text[], people uuid[])
RETURNS TABLE (user_id uuid, may_read boolean, may_update boolean, may_delete boolean, scopes jsonb, team uuid[], companies uuid[], projects jsonb)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  acting constant text := current_setting('kith.user', true);
  acting_key constant text := current_setting('kith.key', true);
  person uuid;
BEGIN
  FOREACH person IN ARRAY people LOOP
    PERFORM set_config('kith.user', person::text, true);
    -- What a key may not do, its owner may.
    IF person::text IS DISTINCT FROM acting THEN
      PERFORM set_config('kith.key', '', true);
    END IF;
    user_id := person;
    may_read := row_allows(of_table, record, 'read');
    may_update := may_read AND row_allows(of_table, record, 'update');
    may_delete := may_read AND row_allows(of_table, record, 'delete');
    scopes := (SELECT jsonb_object_agg(r || ':' || a, access_scope(r, a)) FROM unnest(resources) r, unnest(ARRAY['read', 'update', 'delete']) a);
    team := my_team_user_ids();
    companies := my_company_ids();
    projects := (SELECT jsonb_object_agg(r || ':' || a, to_jsonb(my_project_ids(r, a)))
      FROM unnest(resources || ARRAY['projects']) r, unnest(ARRAY['read', 'update', 'delete']) a WHERE access_scope(r, a) <> 'all');
    RETURN NEXT;
    PERFORM set_config('kith.user', coalesce(acting, ''), true), set_config('kith.key', coalesce(acting_key, ''), true);
  END LOOP;
END
$$;

DO $$
DECLARE
  signature text;
BEGIN
  FOREACH signature IN ARRAY ARRAY['require_privacy(text, text, text[])', 'remove_records(uuid, text, uuid[])', 'same_person(text, uuid)', 'rows_of_person(text, uuid)',
    'blot_everywhere(uuid, text)']
  LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO kith_definer', signature);
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', signature);
  END LOOP;
  FOREACH signature IN ARRAY ARRAY['retention_days(uuid, text)', 'organizations_with_retention(timestamptz)', 'apply_retention(timestamptz, integer)',
    'purge_record(text, uuid)', 'personal_data(text, uuid)', 'personal_data_of_member(uuid)', 'erase_person(text, uuid)']
  LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO kith_definer', signature);
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', signature);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO kith_app', signature);
  END LOOP;
END
$$;

-- What otherwise only grows is cleared of a person's name like everything else, and goes with them, by the one
-- function that does it.
DO $$
DECLARE
  target record;
BEGIN
  FOR target IN
    SELECT c.oid, c.relname, array_agg(quote_ident(a.attname)) FILTER (WHERE a.attgenerated = '' AND t.typname IN ('text', 'jsonb') AND a.attname NOT LIKE '%\_type') AS columns
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped JOIN pg_type t ON t.oid = a.atttypid
    WHERE c.relname IN (SELECT r.table_name FROM record_tables r) AND c.relnamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT 1 FROM erasure_exceptions x WHERE x.table_name = c.relname)
    GROUP BY c.oid, c.relname
  LOOP
    IF NOT has_table_privilege('kith_definer', target.oid, 'UPDATE') AND target.columns IS NOT NULL THEN
      EXECUTE format('GRANT UPDATE (%s) ON %I TO kith_definer', array_to_string(target.columns, ', '), target.relname);
    END IF;
    IF NOT has_table_privilege('kith_definer', target.oid, 'DELETE')
      AND EXISTS (SELECT 1 FROM person_entities p, references_to(p.entity) r WHERE r.table_name = target.relname AND r.on_delete = 'c') THEN
      INSERT INTO erasure_grants VALUES (target.relname);
      EXECUTE format('GRANT DELETE ON %I TO kith_definer', target.relname);
    END IF;
  END LOOP;
END
$$;
