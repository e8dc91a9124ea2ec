-- Documents about tasks and products. A task is several people's and may belong to two projects, so what is seen with
-- the record that it is about keeps all of them: the first owner, company and project as before, the others in arrays.

ALTER TABLE notes ADD COLUMN subject_other_owner_ids uuid[], ADD COLUMN subject_other_project_ids uuid[];
ALTER TABLE interactions ADD COLUMN subject_other_owner_ids uuid[], ADD COLUMN subject_other_project_ids uuid[];
ALTER TABLE documents ADD COLUMN subject_other_owner_ids uuid[], ADD COLUMN subject_other_project_ids uuid[];

-- The condition under which the acting member reads the record that a row tells of, over what the row keeps of it.
DROP FUNCTION record_condition(text, text, text, text, text);
CREATE FUNCTION record_condition(entity_column text, record_column text, owner_column text, company_column text, project_column text DEFAULT NULL,
  other_owners_column text DEFAULT NULL, other_projects_column text DEFAULT NULL)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT format($f$(
    %1$s = ANY ((SELECT entities_read_in_full())::text[])
    OR %1$s = ANY ((SELECT entities_read_as(ARRAY['assigned', 'assigned_or_unowned', 'team']))::text[])
      AND (%3$s = (SELECT current_user_id()) OR %4$s = ANY ((SELECT my_company_ids())::uuid[])%5$s%6$s%7$s)
    OR %1$s = ANY ((SELECT entities_read_as(ARRAY['assigned_or_unowned']))::text[]) AND %3$s IS NULL
    OR %1$s = ANY ((SELECT entities_read_as(ARRAY['team']))::text[]) AND (%3$s = ANY ((SELECT my_team_user_ids())::uuid[])%8$s)
    OR %1$s = ANY ((SELECT entities_read_as(ARRAY['active']))::text[]) AND record_visible(%1$s, %2$s))$f$,
    entity_column, record_column, owner_column, company_column,
    coalesce(format(' OR %s = ANY ((SELECT my_project_ids(''projects'', ''read''))::uuid[])', project_column), ''),
    coalesce(format(' OR (SELECT current_user_id()) = ANY (%s)', other_owners_column), ''),
    coalesce(format(' OR %s && (SELECT my_project_ids(''projects'', ''read''))::uuid[]', other_projects_column), ''),
    coalesce(format(' OR %s && (SELECT my_team_user_ids())::uuid[]', other_owners_column), ''))
$$;

-- Whose the subject is besides its first owner and in which projects besides the first. Always looked up, so that
-- nobody can write it.
CREATE FUNCTION place_other_owners() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  subject record;
BEGIN
  NEW.subject_other_owner_ids := NULL;
  NEW.subject_other_project_ids := NULL;
  SELECT r.table_name, (SELECT string_agg(quote_ident(name), ', ') FROM unnest(a.owner_columns[2:]) name) AS owners,
    (SELECT string_agg(quote_ident(name), ', ') FROM unnest(a.project_columns[2:]) name) AS projects INTO subject
  FROM record_tables r JOIN record_access a USING (table_name)
  WHERE r.entity = NEW.subject_type AND (cardinality(a.owner_columns) > 1 OR cardinality(a.project_columns) > 1);
  IF FOUND THEN
    EXECUTE format('SELECT nullif(array_remove(ARRAY[%s]::uuid[], NULL), ''{}''), nullif(array_remove(ARRAY[%s]::uuid[], NULL), ''{}'')
      FROM %I WHERE organization_id = $1 AND id = $2', subject.owners, subject.projects, subject.table_name)
    INTO NEW.subject_other_owner_ids, NEW.subject_other_project_ids USING NEW.organization_id, NEW.subject_id;
  END IF;
  RETURN NEW;
END
$$;
ALTER FUNCTION place_other_owners() OWNER TO kith_definer;

-- What is everybody's has no owner to keep.
CALL amend_function('place_subject()', 'SELECT %I, %s, %s FROM %I', 'SELECT %s, %s, %s FROM %I');
CALL amend_function('place_subject()', 'subject.owner_column,
', 'coalesce(quote_ident(subject.owner_column), ''NULL::uuid''),
');

-- When a record changes hands, what is about it follows. Arguments: the entity, and each column that says whose it is.
CREATE OR REPLACE FUNCTION subject_changed_hands() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  moved uuid[];
  about text;
BEGIN
  moved := ARRAY(
    SELECT n.id FROM new_rows n JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id
    CROSS JOIN LATERAL (SELECT to_jsonb(n) AS after, to_jsonb(o) AS before OFFSET 0) whole
    WHERE EXISTS (SELECT 1 FROM unnest(TG_ARGV[1:]) name WHERE whole.after -> name IS DISTINCT FROM whole.before -> name));
  IF cardinality(moved) > 0 THEN
    FOR about IN SELECT table_name FROM subject_kinds WHERE entity = TG_ARGV[0] LOOP
      -- place_subject() and place_other_owners() look up the new owners.
      EXECUTE format('UPDATE %I SET subject_owner_id = subject_owner_id WHERE organization_id = current_organization_id() AND subject_id = ANY ($1)', about)
      USING moved;
    END LOOP;
  END IF;
  RETURN NULL;
END
$$;

-- Watches whose the records of an entity are, for what is about them. What is everybody's is not watched.
CREATE PROCEDURE watch_hands(subject_table text, entity text)
LANGUAGE plpgsql AS $$
DECLARE
  access record_access := (SELECT a FROM record_access a WHERE a.table_name = subject_table);
  watched text[] := access.owner_columns || array_remove(access.project_columns || access.company_column, NULL);
BEGIN
  EXECUTE format('DROP TRIGGER IF EXISTS %I ON %I', subject_table || '_changed_hands', subject_table);
  IF cardinality(watched) > 0 THEN
    EXECUTE format('CREATE TRIGGER %I AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
      FOR EACH STATEMENT EXECUTE FUNCTION subject_changed_hands(%s)', subject_table || '_changed_hands', subject_table,
      (SELECT string_agg(quote_literal(argument), ', ') FROM unnest(entity || watched) argument));
  END IF;
END
$$;
CALL amend_function('add_subject_kind(text, text)', '  IF NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = subject_table::regclass AND tgname = subject_table || ''_changed_hands'') THEN
    EXECUTE format(''CREATE TRIGGER %I AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
      FOR EACH STATEMENT EXECUTE FUNCTION subject_changed_hands(%L, %L, %L, %L)'', subject_table || ''_changed_hands'', subject_table, new_entity,
      access.owner_columns[1], coalesce(access.company_column, ''''), coalesce(access.project_columns[1], ''''));
  END IF;
', '  CALL watch_hands(subject_table, new_entity);
');
CALL amend_function('add_subject_kind(text, text)', '  access record_access := (SELECT a FROM record_access a WHERE a.table_name = subject_table);
', '');

-- What is kept of the subject is no news, and its change no change of the row.
CREATE OR REPLACE FUNCTION columns_without_news(table_name text) RETURNS text[]
LANGUAGE sql STABLE AS $$
  SELECT ARRAY(
    SELECT attname::text FROM pg_attribute
    WHERE attrelid = table_name::regclass AND attnum > 0 AND NOT attisdropped
      AND (attgenerated <> '' OR attname IN ('organization_id', 'id', 'version', 'created_at', 'created_by', 'updated_at', 'updated_by',
        'subject_owner_id', 'subject_company_id', 'subject_project_id', 'subject_other_owner_ids', 'subject_other_project_ids')))
$$;
CALL amend_function('keep_history(text, text, text, text, text)', '''subject_project_id'')', '''subject_project_id'', ''subject_other_owner_ids'', ''subject_other_project_ids'')');
CREATE PROCEDURE touch_when_changed(about text)
LANGUAGE plpgsql AS $$
DECLARE
  kept text[] := ARRAY(
    SELECT attname::text FROM pg_attribute WHERE attrelid = about::regclass AND attname LIKE 'subject\_%' AND NOT attisdropped
      AND attname NOT IN ('subject_type', 'subject_id') ORDER BY attname);
BEGIN
  EXECUTE format('DROP TRIGGER IF EXISTS %I ON %I', about || '_updated_at', about);
  EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE ON %I FOR EACH ROW WHEN ((%s) IS NOT DISTINCT FROM (%s) OR OLD.subject_id IS DISTINCT FROM NEW.subject_id)
    EXECUTE FUNCTION update_updated_at()', about || '_updated_at', about,
    (SELECT string_agg('OLD.' || name, ', ') FROM unnest(kept) name), (SELECT string_agg('NEW.' || name, ', ') FROM unnest(kept) name));
END
$$;
CALL amend_function('install_entity(text, text, text, text, text)', '  CALL keep_history(entity', '  IF changes AND about THEN
    CALL touch_when_changed(table_name);
  END IF;
  CALL keep_history(entity');

CALL amend_function('protect_about(text, text)', '''subject_project_id'')', '''subject_project_id'', ''subject_other_owner_ids'', ''subject_other_project_ids'')');
CALL amend_function('protect_about(text, text)', '  CALL forbid_by_default(table_name);', '  EXECUTE format(''ALTER TABLE %I ADD COLUMN IF NOT EXISTS subject_other_owner_ids uuid[], ADD COLUMN IF NOT EXISTS subject_other_project_ids uuid[]'', table_name);
  EXECUTE format(''CREATE TRIGGER %I BEFORE INSERT OR UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION place_other_owners()'', table_name || ''_place_other_owners'', table_name);
  CALL forbid_by_default(table_name);');
CALL amend_function('search_candidates(text, text, integer)', '''s.subject_project_id'')', '''s.subject_project_id'', ''s.subject_other_owner_ids'', ''s.subject_other_project_ids'')');

DO $$
DECLARE
  about text;
  here constant text := 'organization_id = current_organization_id() AND ';
  visible constant text := record_condition('subject_type', 'subject_id', 'subject_owner_id', 'subject_company_id', 'subject_project_id',
    'subject_other_owner_ids', 'subject_other_project_ids');
  mine text;
BEGIN
  FOREACH about IN ARRAY ARRAY['notes', 'interactions', 'documents'] LOOP
    EXECUTE format('CREATE TRIGGER %I BEFORE INSERT OR UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION place_other_owners()', about || '_place_other_owners', about);
    EXECUTE format('ALTER POLICY %I ON %I USING (%s (SELECT access_scope(%L, ''read'')) IS NOT NULL AND (%s))', about || '_read', about, here, about, visible);
    EXECUTE format('ALTER POLICY %I ON %I WITH CHECK (%s (SELECT access_scope(%L, ''create'')) IS NOT NULL
      AND created_by = (SELECT current_user_id()) AND (%s))', about || '_create', about, here, about, visible);
    CALL renew_history(about);
    CONTINUE WHEN about = 'interactions';
    mine := scope_condition(about, 'update', ARRAY['created_by'], NULL, false);
    EXECUTE format('ALTER POLICY %1$I ON %2$I USING (%3$s (%4$s) AND (%5$s)) WITH CHECK (%3$s (%4$s) AND (%5$s))', about || '_update', about, here, mine, visible);
    CALL touch_when_changed(about);
  END LOOP;
END
$$;
CALL watch_hands('projects', 'project');
CALL add_subject_kind('documents', 'task');
CALL add_subject_kind('documents', 'product');
-- Those about projects learn whose else the projects are: as the definer, whom row security lets see all of them.
SET LOCAL ROLE kith_definer;
UPDATE notes n SET subject_owner_id = subject_owner_id FROM projects p
WHERE n.subject_type = 'project' AND p.organization_id = n.organization_id AND p.id = n.subject_id AND p.project_manager_id IS NOT NULL;
UPDATE documents d SET subject_owner_id = subject_owner_id FROM projects p
WHERE d.subject_type = 'project' AND p.organization_id = d.organization_id AND p.id = d.subject_id AND p.project_manager_id IS NOT NULL;
RESET ROLE;
