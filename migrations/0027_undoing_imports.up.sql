-- An import taken back as a whole: what it made is deleted, what it changed is put back, as far as nobody has built
-- upon either. Deleting and changing is done as whoever takes it back, under their policies; here is what stands in
-- the way, whoever may see it.

-- When and by whom, and what became of it: counts, and the first records that stayed.
ALTER TABLE imports
  ADD COLUMN undone_at timestamptz,
  ADD COLUMN undone_by uuid,
  ADD COLUMN undo jsonb,
  ADD CONSTRAINT imports_undone CHECK ((undone_at IS NULL) = (undo IS NULL));

-- What a run made, while it is being taken back; empty before and after that transaction.
--   open     will be deleted
--   gone     is deleted already
--   changed  somebody changed it since
--   used     something that stays refers to it; `detail` says what
--   not_allowed  whoever takes the import back may not delete it
--   refused  its own rules say no; `detail` says why
CREATE UNLOGGED TABLE import_undoing (
  organization_id  uuid NOT NULL,
  import_id        uuid NOT NULL,
  entity           text NOT NULL,
  record_id        uuid NOT NULL,
  state            text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'gone', 'changed', 'used', 'not_allowed', 'refused')),
  detail           text,
  PRIMARY KEY (organization_id, import_id, entity, record_id)
);
CALL forbid_by_default('import_undoing');

-- Refuses whoever may not change the run, and a run that is not there to be taken back.
CREATE FUNCTION require_undoable(of_import uuid) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  scope constant text := access_scope('imports', 'update');
BEGIN
  PERFORM 1 FROM imports i
  WHERE i.organization_id = current_organization_id() AND i.id = of_import AND i.undone_at IS NULL AND i.finished_at IS NOT NULL AND NOT i.dry_run
    AND (scope = 'all' OR scope = 'assigned' AND i.created_by = current_user_id());
  IF NOT FOUND THEN
    RAISE EXCEPTION 'You may not take this import back.' USING ERRCODE = 'KT403';
  END IF;
END
$$;

CREATE FUNCTION is_hidden_when_deleted(of_table text) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = of_table::regclass AND attname = 'deleted_at' AND NOT attisdropped)
$$;

-- Lists and locks what a run made, of these entities. Nothing can begin to refer to a locked record before this
-- transaction is over.
CREATE FUNCTION begin_import_undo(of_import uuid, entities text[]) RETURNS TABLE (entity text, records uuid[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  org constant uuid := current_organization_id();
  made record;
BEGIN
  PERFORM require_undoable(of_import);
  INSERT INTO import_undoing (organization_id, import_id, entity, record_id)
  SELECT DISTINCT org, of_import, a.entity_type, a.record_id FROM audit_log a JOIN record_tables r ON r.entity = a.entity_type
  WHERE a.organization_id = org AND a.change_set_id = of_import AND a.action = 'INSERT' AND a.entity_type = ANY (entities);
  FOR made IN
    SELECT r.entity, r.table_name, is_hidden_when_deleted(r.table_name) AS hides FROM record_tables r
    WHERE EXISTS (SELECT 1 FROM import_undoing u WHERE u.organization_id = org AND u.import_id = of_import AND u.entity = r.entity) ORDER BY 1
  LOOP
    -- What is said once and for all can neither be locked nor deleted.
    IF has_any_column_privilege(made.table_name, 'UPDATE') THEN
      EXECUTE format('SELECT count(*) FROM (SELECT 1 FROM %I t WHERE t.organization_id = $1 AND t.id IN (
          SELECT u.record_id FROM import_undoing u WHERE u.organization_id = $1 AND u.import_id = $2 AND u.entity = $3) ORDER BY t.id FOR UPDATE) locked', made.table_name)
      USING org, of_import, made.entity;
    END IF;
    EXECUTE format('UPDATE import_undoing u SET state = ''gone'' WHERE u.organization_id = $1 AND u.import_id = $2 AND u.entity = $3
      AND NOT EXISTS (SELECT 1 FROM %I t WHERE t.organization_id = $1 AND t.id = u.record_id %s)', made.table_name, CASE WHEN made.hides THEN 'AND t.deleted_at IS NULL' ELSE '' END)
    USING org, of_import, made.entity;
  END LOOP;
  -- What nobody in particular did (counts, clocks) is no reason to keep a record.
  UPDATE import_undoing u SET state = 'changed'
  WHERE u.organization_id = org AND u.import_id = of_import AND u.state = 'open' AND EXISTS (
    SELECT 1 FROM audit_log a WHERE a.organization_id = org AND a.entity_type = u.entity AND a.record_id = u.record_id AND a.action = 'UPDATE'
      AND a.user_id IS NOT NULL AND a.change_set_id IS DISTINCT FROM of_import);
  RETURN QUERY SELECT u.entity, array_agg(u.record_id ORDER BY u.record_id) FROM import_undoing u
    WHERE u.organization_id = org AND u.import_id = of_import AND u.state = 'open' GROUP BY 1 ORDER BY 1;
END
$$;

-- Those of these records with which the acting user may do something, as row_allows() says of one.
CREATE FUNCTION rows_allowing(of_table text, records uuid[], action text) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE AS $$
DECLARE
  target constant regclass := of_table::regclass;
BEGIN
  RETURN QUERY EXECUTE format('SELECT id FROM %I WHERE organization_id = current_organization_id() AND id = ANY ($1) AND (%s)', of_table,
    CASE
      WHEN action = 'update' OR is_hidden_when_deleted(of_table) THEN
        CASE WHEN has_any_column_privilege('kith_app', target, 'UPDATE') THEN policy_text(target, 'w') ELSE 'false' END
        || CASE WHEN action = 'delete' THEN ' AND ' || hiding_text(target) ELSE '' END
      ELSE CASE WHEN has_table_privilege('kith_app', target, 'DELETE') THEN policy_text(target, 'd') ELSE 'false' END
    END)
  USING records;
END
$$;

-- Says of records that they stay, and why.
CREATE FUNCTION keep_imported(of_import uuid, of_entity text, records uuid[], new_state text, why text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_undoable(of_import);
  UPDATE import_undoing u SET state = new_state, detail = k.detail
  FROM unnest(records, why) AS k (record_id, detail)
  WHERE u.organization_id = current_organization_id() AND u.import_id = of_import AND u.entity = of_entity AND u.record_id = k.record_id AND u.state = 'open';
END
$$;

-- Keeps what is referred to by something that stays, and so on, until nothing is left hanging. Answers what will be
-- deleted. A record that is hidden can be referred to by what is hidden with it; one that goes for good cannot.
CREATE FUNCTION settle_import_undo(of_import uuid) RETURNS TABLE (entity text, records uuid[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  org constant uuid := current_organization_id();
  ref record;
  kept bigint;
  again boolean := true;
BEGIN
  PERFORM require_undoable(of_import);
  WHILE again LOOP
    again := false;
    FOR ref IN
      SELECT r.entity, f.column_name, t.entity AS other, t.table_name, is_hidden_when_deleted(r.table_name) AS hides, is_hidden_when_deleted(t.table_name) AS other_hides
      FROM record_tables r CROSS JOIN LATERAL references_to(r.entity) f JOIN record_tables t ON t.table_name = f.table_name
      WHERE EXISTS (SELECT 1 FROM import_undoing u WHERE u.organization_id = org AND u.import_id = of_import AND u.entity = r.entity AND u.state = 'open')
        AND NOT f.is_part AND f.condition = 'true' AND t.entity <> 'notification'
      ORDER BY 1, 4, 2
    LOOP
      EXECUTE format('UPDATE import_undoing u SET state = ''used'', detail = $4
        WHERE u.organization_id = $1 AND u.import_id = $2 AND u.entity = $3 AND u.state = ''open'' AND EXISTS (
          SELECT 1 FROM %1$I x WHERE x.organization_id = $1 AND x.%2$I = u.record_id %3$s %4$s)', ref.table_name, ref.column_name,
        CASE WHEN ref.hides AND ref.other_hides THEN 'AND x.deleted_at IS NULL' ELSE '' END,
        CASE WHEN ref.hides OR NOT ref.other_hides THEN 'AND NOT EXISTS (SELECT 1 FROM import_undoing b
          WHERE b.organization_id = $1 AND b.import_id = $2 AND b.entity = $4 AND b.record_id = x.id AND b.state = ''open'')' ELSE '' END)
      USING org, of_import, ref.entity, ref.other;
      GET DIAGNOSTICS kept = ROW_COUNT;
      again := again OR kept > 0;
    END LOOP;
  END LOOP;
  RETURN QUERY SELECT u.entity, array_agg(u.record_id ORDER BY u.record_id) FROM import_undoing u
    WHERE u.organization_id = org AND u.import_id = of_import AND u.state = 'open' GROUP BY 1 ORDER BY 1;
END
$$;

-- What a run changed of records that it did not make: what each of the fields was before. `stays` names those that
-- somebody changed since. Of the organization's own fields each is looked at by itself: one stays where it is no
-- longer what the run made it.
CREATE FUNCTION import_changes(of_import uuid, of_entity text) RETURNS TABLE (record_id uuid, olds jsonb, stays text[], gone boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  org constant uuid := current_organization_id();
  of_table constant text := (SELECT r.table_name FROM record_tables r WHERE r.entity = of_entity);
  own_fields constant boolean := EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = of_table::regclass AND attname = 'custom_fields');
BEGIN
  PERFORM require_undoable(of_import);
  RETURN QUERY EXECUTE format($q$
    WITH entries AS MATERIALIZED (
      SELECT a.record_id, a.id, a.old_values, a.new_values, f.field FROM audit_log a CROSS JOIN LATERAL unnest(a.changed_fields) f (field)
      WHERE a.organization_id = $1 AND a.change_set_id = $2 AND a.entity_type = $3 AND a.action = 'UPDATE'
        AND NOT EXISTS (SELECT 1 FROM import_undoing u WHERE u.organization_id = $1 AND u.import_id = $2 AND u.entity = $3 AND u.record_id = a.record_id)
    ), fields AS (
      SELECT e.record_id, e.field, (array_agg(e.old_values -> e.field ORDER BY e.id))[1] AS old, (array_agg(e.new_values -> e.field ORDER BY e.id DESC))[1] AS new,
        max(e.id::text)::uuid AS last
      FROM entries e GROUP BY 1, 2
    ), judged AS (
      SELECT f.record_id, f.field, f.old, f.new, EXISTS (
          SELECT 1 FROM audit_log l WHERE l.organization_id = $1 AND l.entity_type = $3 AND l.record_id = f.record_id AND l.id > f.last
            AND l.change_set_id IS DISTINCT FROM $2 AND f.field = ANY (l.changed_fields)) AS since
      FROM fields f
    ), single AS (
      SELECT j.record_id, j.field, j.old, j.since FROM judged j WHERE j.field <> 'custom_fields'
      UNION ALL
      SELECT j.record_id, 'custom.' || k.key, j.old -> k.key, (%1$s -> k.key) IS DISTINCT FROM (j.new -> k.key)
      FROM judged j JOIN %2$I t ON t.organization_id = $1 AND t.id = j.record_id
      CROSS JOIN LATERAL (SELECT DISTINCT jsonb_object_keys(j.old || j.new) AS key) k
      WHERE j.field = 'custom_fields' AND (j.old -> k.key) IS DISTINCT FROM (j.new -> k.key)
    )
    SELECT s.record_id, jsonb_object_agg(s.field, s.old) FILTER (WHERE NOT s.since), array_agg(s.field ORDER BY s.field) FILTER (WHERE s.since),
      NOT EXISTS (SELECT 1 FROM %2$I t WHERE t.organization_id = $1 AND t.id = s.record_id %3$s)
    FROM single s GROUP BY 1 ORDER BY 1 $q$,
    CASE WHEN own_fields THEN 't.custom_fields' ELSE '''{}''::jsonb' END, of_table,
    CASE WHEN is_hidden_when_deleted(of_table) THEN 'AND t.deleted_at IS NULL' ELSE '' END)
  USING org, of_import, of_entity;
END
$$;

-- The entities of which a run changed records.
CREATE FUNCTION import_changed_entities(of_import uuid) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_undoable(of_import);
  RETURN QUERY SELECT DISTINCT a.entity_type FROM audit_log a JOIN record_tables r ON r.entity = a.entity_type
    WHERE a.organization_id = current_organization_id() AND a.change_set_id = of_import AND a.action = 'UPDATE' ORDER BY 1;
END
$$;

-- Ends it: what became of what the run made.
CREATE FUNCTION end_import_undo(of_import uuid) RETURNS TABLE (entity text, record_id uuid, state text, detail text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM require_undoable(of_import);
  RETURN QUERY
  WITH ended AS (
    DELETE FROM import_undoing u WHERE u.organization_id = current_organization_id() AND u.import_id = of_import
    RETURNING u.entity, u.record_id, u.state, u.detail
  )
  SELECT e.entity, e.record_id, e.state, e.detail FROM ended e ORDER BY e.entity, e.record_id;
END
$$;

DO $$
DECLARE door text;
BEGIN
  FOREACH door IN ARRAY ARRAY['require_undoable(uuid)', 'begin_import_undo(uuid, text[])', 'keep_imported(uuid, text, uuid[], text, text[])',
    'settle_import_undo(uuid)', 'import_changes(uuid, text)', 'import_changed_entities(uuid)', 'end_import_undo(uuid)'] LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO kith_definer', door);
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', door);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO kith_app', door);
  END LOOP;
END
$$;
