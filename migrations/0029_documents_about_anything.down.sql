-- Documents about what they could not be about before go, with their files; as the definer, whom row security lets see them.
SET LOCAL ROLE kith_definer;
DELETE FROM documents WHERE subject_type IN ('task', 'product');
RESET ROLE;
DELETE FROM subject_kinds WHERE table_name = 'documents' AND entity IN ('task', 'product');
DROP TRIGGER tasks_changed_hands ON tasks;
ALTER TABLE documents DROP COLUMN task_id, DROP COLUMN product_id;
DO $$
BEGIN
  EXECUTE format('ALTER TABLE documents DROP CONSTRAINT IF EXISTS documents_subject_type_check, ADD CONSTRAINT documents_subject_type_check CHECK (subject_type IN (%s))',
    (SELECT string_agg(quote_literal(k.entity), ', ' ORDER BY k.entity) FROM subject_kinds k WHERE k.table_name = 'documents'));
END
$$;

-- Functions as they were.
CALL amend_function('search_candidates(text, text, integer)', '''s.subject_project_id'', ''s.subject_other_owner_ids'', ''s.subject_other_project_ids'')', '''s.subject_project_id'')');
CALL amend_function('protect_about(text, text)', '  EXECUTE format(''ALTER TABLE %I ADD COLUMN IF NOT EXISTS subject_other_owner_ids uuid[], ADD COLUMN IF NOT EXISTS subject_other_project_ids uuid[]'', table_name);
  EXECUTE format(''CREATE TRIGGER %I BEFORE INSERT OR UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION place_other_owners()'', table_name || ''_place_other_owners'', table_name);
  CALL forbid_by_default(table_name);', '  CALL forbid_by_default(table_name);');
CALL amend_function('protect_about(text, text)', '''subject_project_id'', ''subject_other_owner_ids'', ''subject_other_project_ids'')', '''subject_project_id'')');
CALL amend_function('install_entity(text, text, text, text, text)', '  IF changes AND about THEN
    CALL touch_when_changed(table_name);
  END IF;
  CALL keep_history(entity', '  CALL keep_history(entity');
CALL amend_function('keep_history(text, text, text, text, text)', '''subject_project_id'', ''subject_other_owner_ids'', ''subject_other_project_ids'')', '''subject_project_id'')');
CREATE OR REPLACE FUNCTION columns_without_news(table_name text) RETURNS text[]
LANGUAGE sql STABLE AS $$
  SELECT ARRAY(
    SELECT attname::text FROM pg_attribute
    WHERE attrelid = table_name::regclass AND attnum > 0 AND NOT attisdropped
      AND (attgenerated <> '' OR attname IN ('organization_id', 'id', 'version', 'created_at', 'created_by', 'updated_at', 'updated_by',
        'subject_owner_id', 'subject_company_id', 'subject_project_id')))
$$;
CALL amend_function('add_subject_kind(text, text)', '  column_name text := new_entity || ''_id'';', '  access record_access := (SELECT a FROM record_access a WHERE a.table_name = subject_table);
  column_name text := new_entity || ''_id'';');
CALL amend_function('add_subject_kind(text, text)', '  CALL watch_hands(subject_table, new_entity);
', '  IF NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = subject_table::regclass AND tgname = subject_table || ''_changed_hands'') THEN
    EXECUTE format(''CREATE TRIGGER %I AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
      FOR EACH STATEMENT EXECUTE FUNCTION subject_changed_hands(%L, %L, %L, %L)'', subject_table || ''_changed_hands'', subject_table, new_entity,
      access.owner_columns[1], coalesce(access.company_column, ''''), coalesce(access.project_columns[1], ''''));
  END IF;
');
DROP TRIGGER projects_changed_hands ON projects;
CREATE TRIGGER projects_changed_hands AFTER UPDATE ON projects REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION subject_changed_hands('project', 'owner_id', 'company_id', 'id');
CREATE OR REPLACE FUNCTION subject_changed_hands() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  moved uuid[];
  about text;
BEGIN
  moved := ARRAY(
    SELECT n.id FROM new_rows n JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id
    WHERE to_jsonb(n) -> TG_ARGV[1] IS DISTINCT FROM to_jsonb(o) -> TG_ARGV[1]
      OR to_jsonb(n) -> TG_ARGV[2] IS DISTINCT FROM to_jsonb(o) -> TG_ARGV[2]
      OR to_jsonb(n) -> TG_ARGV[3] IS DISTINCT FROM to_jsonb(o) -> TG_ARGV[3]);
  IF cardinality(moved) > 0 THEN
    FOR about IN SELECT table_name FROM subject_kinds WHERE entity = TG_ARGV[0] LOOP
      -- place_subject() looks up the new owner.
      EXECUTE format('UPDATE %I SET subject_owner_id = subject_owner_id WHERE organization_id = current_organization_id() AND subject_id = ANY ($1)', about)
      USING moved;
    END LOOP;
  END IF;
  RETURN NULL;
END
$$;
CALL amend_function('place_subject()', 'coalesce(quote_ident(subject.owner_column), ''NULL::uuid''),
', 'subject.owner_column,
');
CALL amend_function('place_subject()', 'SELECT %s, %s, %s FROM %I', 'SELECT %I, %s, %s FROM %I');
DROP FUNCTION record_condition;
CREATE FUNCTION record_condition(entity_column text, record_column text, owner_column text, company_column text, project_column text DEFAULT NULL)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT format($f$(
    %1$s = ANY ((SELECT entities_read_in_full())::text[])
    OR %1$s = ANY ((SELECT entities_read_as(ARRAY['assigned', 'assigned_or_unowned', 'team']))::text[])
      AND (%3$s = (SELECT current_user_id()) OR %4$s = ANY ((SELECT my_company_ids())::uuid[])%5$s)
    OR %1$s = ANY ((SELECT entities_read_as(ARRAY['assigned_or_unowned']))::text[]) AND %3$s IS NULL
    OR %1$s = ANY ((SELECT entities_read_as(ARRAY['team']))::text[]) AND %3$s = ANY ((SELECT my_team_user_ids())::uuid[])
    OR %1$s = ANY ((SELECT entities_read_as(ARRAY['active']))::text[]) AND record_visible(%1$s, %2$s))$f$,
    entity_column, record_column, owner_column, company_column,
    coalesce(format(' OR %s = ANY ((SELECT my_project_ids(''projects'', ''read''))::uuid[])', project_column), ''))
$$;

DO $$
DECLARE
  about text;
  here constant text := 'organization_id = current_organization_id() AND ';
  visible constant text := record_condition('subject_type', 'subject_id', 'subject_owner_id', 'subject_company_id', 'subject_project_id');
  mine text;
BEGIN
  FOREACH about IN ARRAY ARRAY['notes', 'interactions', 'documents'] LOOP
    EXECUTE format('ALTER POLICY %I ON %I USING (%s (SELECT access_scope(%L, ''read'')) IS NOT NULL AND (%s))', about || '_read', about, here, about, visible);
    EXECUTE format('ALTER POLICY %I ON %I WITH CHECK (%s (SELECT access_scope(%L, ''create'')) IS NOT NULL
      AND created_by = (SELECT current_user_id()) AND (%s))', about || '_create', about, here, about, visible);
    IF about <> 'interactions' THEN
      mine := scope_condition(about, 'update', ARRAY['created_by'], NULL, false);
      EXECUTE format('ALTER POLICY %1$I ON %2$I USING (%3$s (%4$s) AND (%5$s)) WITH CHECK (%3$s (%4$s) AND (%5$s))', about || '_update', about, here, mine, visible);
      EXECUTE format('DROP TRIGGER %I ON %I', about || '_updated_at', about);
      EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE ON %I FOR EACH ROW WHEN ((OLD.subject_owner_id, OLD.subject_company_id, OLD.subject_project_id)
        IS NOT DISTINCT FROM (NEW.subject_owner_id, NEW.subject_company_id, NEW.subject_project_id) OR OLD.subject_id IS DISTINCT FROM NEW.subject_id)
        EXECUTE FUNCTION update_updated_at()', about || '_updated_at', about);
    END IF;
    EXECUTE format('DROP TRIGGER %I ON %I', about || '_place_other_owners', about);
    EXECUTE format('ALTER TABLE %I DROP COLUMN subject_other_owner_ids, DROP COLUMN subject_other_project_ids', about);
    CALL renew_history(about);
  END LOOP;
END
$$;
DROP FUNCTION place_other_owners;
DROP PROCEDURE watch_hands, touch_when_changed;
