-- Delivery: projects and their members, time, rates, and tasks in full (MODEL §4).

-- Belonging through a project, beside belonging through a company: who is a member of a project has its
-- records as theirs. Functions that exist already learn it where they name the company.

-- Changes a part of a function's text, and refuses when the part is not there: what a migration adds to a
-- function stands here without the rest of it, and its way back is the same change the other way round.
CREATE PROCEDURE amend_function(amended regprocedure, part text, replacement text)
LANGUAGE plpgsql AS $$
DECLARE
  definition text := pg_get_functiondef(amended);
BEGIN
  IF position(part IN definition) = 0 THEN
    RAISE EXCEPTION '% does not contain: %', amended, part;
  END IF;
  EXECUTE replace(definition, part, replacement);
END
$$;

-- Columns that name a project to which a row belongs.
ALTER TABLE record_access ADD COLUMN project_columns text[] NOT NULL DEFAULT '{}';

-- What a member of a project may do with what belongs to it, by their role there. Whether they may do it at
-- all is their organization's role's to say: this decides to which records the scope `assigned` extends.
CREATE FUNCTION project_role_allows(project_role text, resource text, action text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
  SELECT action = 'read' OR CASE project_role
    WHEN 'manager' THEN true
    WHEN 'member' THEN resource IN ('tasks', 'leads') AND action IN ('create', 'update')
    ELSE false END
$$;

-- The projects in which a user may do something: as a member whose role or own permissions allow it, as
-- owner or project manager, or as a member of the company that the project is for.
CREATE FUNCTION project_ids_of(wanted_user uuid, wanted_resource text, wanted_action text) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN ARRAY(
    SELECT m.project_id FROM project_members m
    WHERE m.organization_id = current_organization_id() AND m.user_id = wanted_user
      AND (project_role_allows(m.role, wanted_resource, wanted_action) OR m.permissions -> wanted_resource ? wanted_action)
    UNION
    SELECT p.id FROM projects p
    WHERE p.organization_id = current_organization_id() AND p.owner_id = wanted_user AND p.deleted_at IS NULL
    UNION
    SELECT p.id FROM projects p
    WHERE p.organization_id = current_organization_id() AND p.project_manager_id = wanted_user AND p.deleted_at IS NULL
    UNION
    SELECT p.id FROM company_members m
    JOIN projects p ON p.organization_id = m.organization_id AND p.company_id = m.company_id AND p.deleted_at IS NULL
    WHERE m.organization_id = current_organization_id() AND m.user_id = wanted_user AND wanted_action <> 'approve');
END
$$;
ALTER FUNCTION project_ids_of(uuid, text, text) OWNER TO kith_definer;
REVOKE ALL ON FUNCTION project_ids_of(uuid, text, text) FROM PUBLIC;

CREATE FUNCTION my_project_ids(wanted_resource text, wanted_action text) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN project_ids_of(current_user_id(), wanted_resource, wanted_action);
END
$$;
ALTER FUNCTION my_project_ids(text, text) OWNER TO kith_definer;

DROP FUNCTION scope_condition(text, text, text[], text, boolean);
CREATE FUNCTION scope_condition(resource text, action text, owner_columns text[], company_column text, has_status boolean,
  project_columns text[] DEFAULT '{}')
RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT format('CASE (SELECT access_scope(%L, %L)) WHEN ''all'' THEN true', resource, action)
    || CASE WHEN has_status THEN ' WHEN ''active'' THEN status = ''active''' ELSE '' END
    || coalesce(
         ' WHEN ''assigned'' THEN ' || mine || member
         || ' WHEN ''assigned_or_unowned'' THEN ' || mine || format(' OR %s IS NULL', owner_columns[1]) || member
         || ' WHEN ''team'' THEN ' || ours || member, '')
    || ' ELSE false END'
  FROM (
    SELECT string_agg(format('%s = (SELECT current_user_id())', name), ' OR ') AS mine,
      string_agg(format('%s = ANY ((SELECT my_team_user_ids())::uuid[])', name), ' OR ') AS ours,
      CASE WHEN company_column IS NULL THEN ''
        ELSE format(' OR %s = ANY ((SELECT my_company_ids())::uuid[])', company_column) END
      || coalesce((SELECT string_agg(format(' OR %s = ANY ((SELECT my_project_ids(%L, %L))::uuid[])', project, resource, action), '')
           FROM unnest(project_columns) project), '') AS member
    FROM unnest(owner_columns) name
  ) parts
$$;

-- Policies for a table whose rows have an owner and perhaps belong to a company and to projects.
CREATE PROCEDURE protect_in_projects(table_name text, resource text, owner_columns text[], company_column text, project_columns text[])
LANGUAGE plpgsql AS $$
DECLARE
  here constant text := 'organization_id = current_organization_id() AND ';
  has_status boolean := table_name = 'companies';
  within text;
BEGIN
  IF EXISTS (SELECT 1 FROM record_access a WHERE a.table_name = protect_in_projects.table_name) THEN
    UPDATE record_access a SET project_columns = protect_in_projects.project_columns WHERE a.table_name = protect_in_projects.table_name;
    FOREACH within IN ARRAY ARRAY['read', 'create', 'update', 'delete'] LOOP
      EXECUTE format('DROP POLICY %I ON %I', table_name || '_' || within, table_name);
    END LOOP;
  ELSE
    CALL forbid_by_default(table_name);
    INSERT INTO record_access VALUES (table_name, 'owned', owner_columns, company_column, project_columns);
  END IF;
  EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO kith_app USING (%s)', table_name || '_read', table_name,
    here || scope_condition(resource, 'read', owner_columns, company_column, has_status, project_columns));
  EXECUTE format('CREATE POLICY %I ON %I FOR INSERT TO kith_app WITH CHECK (%s)', table_name || '_create', table_name,
    here || scope_condition(resource, 'create', owner_columns, company_column, false, project_columns));
  -- Whoever reads what nobody owns may take it: the row as it will be has to be theirs.
  within := here || scope_condition(resource, 'update', owner_columns, company_column, false, project_columns);
  EXECUTE format('CREATE POLICY %I ON %I FOR UPDATE TO kith_app USING (%s) WITH CHECK (%s)', table_name || '_update', table_name,
    here || format('(%s OR %s)', scope_condition(resource, 'update', owner_columns, company_column, false, project_columns),
      unowned_condition(resource, owner_columns)), within);
  EXECUTE format('CREATE POLICY %I ON %I FOR DELETE TO kith_app USING (%s)', table_name || '_delete', table_name,
    here || scope_condition(resource, 'delete', owner_columns, company_column, false, project_columns));
  EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO kith_app', table_name);
  -- Whose a row is decides the plan of everyone with a narrow scope.
  FOREACH within IN ARRAY array_remove(project_columns, 'id') LOOP
    EXECUTE format('ALTER TABLE %I ALTER COLUMN %I SET STATISTICS 1000', table_name, within);
  END LOOP;
END
$$;

-- Parts of a record change with it, whoever it is that may change it.
CALL amend_function('protect_through(text, text, text, text, text, text, text)',
  'scope_condition(parent_resource, ''update'', ARRAY[parent_owner], parent_company, false)',
  'scope_condition(parent_resource, ''update'', coalesce((SELECT a.owner_columns FROM record_access a WHERE a.table_name = parent_table), ARRAY[parent_owner]),
      parent_company, false, coalesce((SELECT a.project_columns FROM record_access a WHERE a.table_name = parent_table), ''{}''))');

-- The fourth argument of the guard: project columns, separated by commas.
CALL amend_function('guard_record()', '  company uuid;', '  company uuid;
  projects uuid[];');
CALL amend_function('guard_record()', '    company := (to_jsonb(OLD) ->> nullif(TG_ARGV[2], ''''))::uuid;', '    company := (to_jsonb(OLD) ->> nullif(TG_ARGV[2], ''''))::uuid;
    projects := ARRAY(SELECT (to_jsonb(OLD) ->> name)::uuid FROM unnest(string_to_array(TG_ARGV[3], '','')) name);');
CALL amend_function('guard_record()', 'company = ANY (my_company_ids())', 'company = ANY (my_company_ids()) OR projects && my_project_ids(resource, ''delete'')');

-- The side table of tags and custom fields, and search, know the project too.
ALTER TABLE record_values ADD COLUMN project_id uuid;
CALL amend_function('index_values()', 'owner_id, company_id, title)', 'owner_id, company_id, title, project_id)');
CALL amend_function('index_values()', '(whole.after ->> TG_ARGV[2])::uuid, whole.after ->> TG_ARGV[3]', '(whole.after ->> TG_ARGV[2])::uuid, whole.after ->> TG_ARGV[3], (whole.after ->> TG_ARGV[4])::uuid');
CALL amend_function('index_values()', 'OR whole.after -> TG_ARGV[3] IS DISTINCT FROM whole.before -> TG_ARGV[3]', 'OR whole.after -> TG_ARGV[3] IS DISTINCT FROM whole.before -> TG_ARGV[3]
        OR whole.after -> TG_ARGV[4] IS DISTINCT FROM whole.before -> TG_ARGV[4]');
CALL amend_function('reindex_custom_field()', '  title_column text;', '  title_column text;
  project_column text;');
CALL amend_function('reindex_custom_field()', 'r.title_column INTO table_name, owner_column, company_column, title_column', 'r.title_column, a.project_columns[1] INTO table_name, owner_column, company_column, title_column, project_column');
CALL amend_function('reindex_custom_field()', 'owner_id, company_id, title)', 'owner_id, company_id, title, project_id)');
CALL amend_function('reindex_custom_field()', 'whole.after ->> %L
', 'whole.after ->> %L, (whole.after ->> %L)::uuid
');
CALL amend_function('reindex_custom_field()', 'owner_column, company_column, title_column, table_name)', 'owner_column, company_column, title_column, project_column, table_name)');
CALL amend_function('install_entity(text, text, text, text, text)', 'index_values(%L, %L, %L, %L)', 'index_values(%L, %L, %L, %L, %L)');
CALL amend_function('install_entity(text, text, text, text, text)', 'entity, owner, company, title_column)', 'entity, owner, company, title_column, coalesce(access.project_columns[1], ''''))');
CALL amend_function('install_entity(text, text, text, text, text)',
  '(OLD.subject_id, OLD.subject_owner_id, OLD.subject_company_id) IS NOT DISTINCT FROM (OLD.subject_id, NEW.subject_owner_id, NEW.subject_company_id)',
  '(OLD.subject_owner_id, OLD.subject_company_id, OLD.subject_project_id) IS NOT DISTINCT FROM (NEW.subject_owner_id, NEW.subject_company_id, NEW.subject_project_id)');

DROP FUNCTION record_condition(text, text, text, text);
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
DROP POLICY record_values_read ON record_values;
DO $$
BEGIN
  EXECUTE format('CREATE POLICY record_values_read ON record_values FOR SELECT TO kith_app
    USING (organization_id = current_organization_id() AND (%s
      OR entity = ANY ((SELECT entities_with_several_owners())::text[]) AND record_visible(entity, record_id)))',
    record_condition('entity', 'record_id', 'owner_id', 'company_id', 'project_id'));
END
$$;

CALL amend_function('search_candidates(text, text, integer)', '  team uuid[];', '  team uuid[];
  project_columns text[];
  projects uuid[];');
CALL amend_function('search_candidates(text, text, integer)', 'SELECT a.kind, a.owner_columns, a.company_column INTO kind, owners, company_column',
  'SELECT a.kind, a.owner_columns, a.company_column, a.project_columns INTO kind, owners, company_column, project_columns');
CALL amend_function('search_candidates(text, text, integer)', '''s.subject_owner_id'', ''s.subject_company_id'')', '''s.subject_owner_id'', ''s.subject_company_id'', ''s.subject_project_id'')');
CALL amend_function('search_candidates(text, text, integer)', '    team := my_team_user_ids();', '    team := my_team_user_ids();
    projects := my_project_ids(''projects'', ''read'');');
CALL amend_function('search_candidates(text, text, integer)', 'format('' OR s.%I = ANY ($7)'', company_column) END || '')'';',
  'format('' OR s.%I = ANY ($7)'', company_column) END
      || coalesce((SELECT string_agg(format('' OR s.%I = ANY ($9)'', name), '''') FROM unnest(project_columns) name), '''') || '')'';');
CALL amend_function('search_candidates(text, text, integer)', 'pattern, 0, team, companies;', 'pattern, 0, team, companies, beginnings, projects;');
CALL amend_function('search_candidates(text, text, integer)', 'bound * 5, team, companies, beginnings;', 'bound * 5, team, companies, beginnings, projects;');

-- What is about a record keeps the project that the record belongs to, as it keeps its owner and company.
CREATE OR REPLACE FUNCTION place_subject() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  subject record;
BEGIN
  NEW.subject_owner_id := NULL;
  NEW.subject_company_id := NULL;
  NEW.subject_project_id := NULL;
  SELECT r.table_name, a.owner_columns[1] AS owner_column, a.company_column, a.project_columns[1] AS project_column INTO subject
  FROM record_tables r JOIN record_access a USING (table_name) WHERE r.entity = NEW.subject_type;
  IF FOUND THEN
    EXECUTE format('SELECT %I, %s, %s FROM %I WHERE organization_id = $1 AND id = $2', subject.owner_column,
      coalesce(quote_ident(subject.company_column), 'NULL::uuid'), coalesce(quote_ident(subject.project_column), 'NULL::uuid'), subject.table_name)
    INTO NEW.subject_owner_id, NEW.subject_company_id, NEW.subject_project_id USING NEW.organization_id, NEW.subject_id;
  END IF;
  RETURN NEW;
END
$$;
CALL amend_function('subject_changed_hands()', 'OR to_jsonb(n) -> TG_ARGV[2] IS DISTINCT FROM to_jsonb(o) -> TG_ARGV[2]', 'OR to_jsonb(n) -> TG_ARGV[2] IS DISTINCT FROM to_jsonb(o) -> TG_ARGV[2]
      OR to_jsonb(n) -> TG_ARGV[3] IS DISTINCT FROM to_jsonb(o) -> TG_ARGV[3]');

-- The columns of a table whose change is not news: derived or bookkeeping.
CREATE FUNCTION columns_without_news(table_name text) RETURNS text[]
LANGUAGE sql STABLE AS $$
  SELECT ARRAY(
    SELECT attname::text FROM pg_attribute
    WHERE attrelid = table_name::regclass AND attnum > 0 AND NOT attisdropped
      AND (attgenerated <> '' OR attname IN ('organization_id', 'id', 'version', 'created_at', 'created_by', 'updated_at', 'updated_by',
        'subject_owner_id', 'subject_company_id', 'subject_project_id')))
$$;
CALL amend_function('keep_history(text, text, text, text, text)', '''subject_owner_id'', ''subject_company_id'')', '''subject_owner_id'', ''subject_company_id'', ''subject_project_id'')');

-- A table that has its history gets columns: its triggers are told which of them are no news.
CREATE PROCEDURE renew_history(table_name text)
LANGUAGE plpgsql AS $$
DECLARE
  kept record;
BEGIN
  FOR kept IN
    SELECT tgname, pg_get_triggerdef(oid) AS definition, split_part(encode(tgargs, 'escape'), '\000', 3) AS ignored
    FROM pg_trigger WHERE tgrelid = table_name::regclass AND tgfoid = 'record_history'::regproc
  LOOP
    EXECUTE format('DROP TRIGGER %I ON %I', kept.tgname, table_name);
    EXECUTE replace(kept.definition, kept.ignored, columns_without_news(table_name)::text);
  END LOOP;
END
$$;

-- The key to the subject is named after the entity, or `about_` and the entity where the rows have a key of
-- that name for something else.
CREATE OR REPLACE PROCEDURE add_subject_kind(about_table text, new_entity text)
LANGUAGE plpgsql AS $$
DECLARE
  subject_table text := (SELECT r.table_name FROM record_tables r WHERE r.entity = new_entity);
  access record_access := (SELECT a FROM record_access a WHERE a.table_name = subject_table);
  column_name text := new_entity || '_id';
  kinds text;
BEGIN
  IF EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = about_table::regclass AND attname = column_name) THEN
    column_name := 'about_' || column_name;
  END IF;
  INSERT INTO subject_kinds VALUES (about_table, new_entity);
  SELECT string_agg(quote_literal(k.entity), ', ' ORDER BY k.entity) INTO kinds FROM subject_kinds k WHERE k.table_name = about_table;
  EXECUTE format('ALTER TABLE %I DROP CONSTRAINT IF EXISTS %I, ADD CONSTRAINT %I CHECK (subject_type IN (%s))', about_table,
    about_table || '_subject_type_check', about_table || '_subject_type_check', kinds);
  EXECUTE format('ALTER TABLE %1$I ADD COLUMN %2$I uuid GENERATED ALWAYS AS (CASE WHEN subject_type = %3$L THEN subject_id END) STORED,
    ADD CONSTRAINT %4$I FOREIGN KEY (organization_id, %2$I) REFERENCES %5$I (organization_id, id) ON DELETE CASCADE',
    about_table, column_name, new_entity, about_table || '_' || new_entity || '_subject', subject_table);
  EXECUTE format('CREATE INDEX %I ON %I (organization_id, %I) WHERE %I IS NOT NULL', about_table || '_' || column_name, about_table, column_name, column_name);
  CALL renew_history(about_table);
  IF NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = subject_table::regclass AND tgname = subject_table || '_changed_hands') THEN
    EXECUTE format('CREATE TRIGGER %I AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
      FOR EACH STATEMENT EXECUTE FUNCTION subject_changed_hands(%L, %L, %L, %L)', subject_table || '_changed_hands', subject_table, new_entity,
      access.owner_columns[1], coalesce(access.company_column, ''), coalesce(access.project_columns[1], ''));
  END IF;
END
$$;
-- The table need not bring the column for the subject's project along.
CALL amend_function('add_subject(text, text[])', '  FOREACH entity IN ARRAY entities LOOP', '  EXECUTE format(''ALTER TABLE %I ADD COLUMN IF NOT EXISTS subject_project_id uuid'', about_table);
  FOREACH entity IN ARRAY entities LOOP');
CALL amend_function('add_subject(text, text[])', '''subject_owner_id'', ''subject_company_id'']', '''subject_owner_id'', ''subject_company_id'', ''subject_project_id'']');
CALL amend_function('protect_about(text, text)', '''subject_owner_id'', ''subject_company_id'')', '''subject_owner_id'', ''subject_company_id'', ''subject_project_id'')');

-- Figures and places that follow from other records are written down, and are no news to people.
CREATE FUNCTION quiet_columns() RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
  SELECT ARRAY['board_position', 'position', 'task_count', 'completed_task_count', 'actual_hours', 'actual_cost', 'budget_warning']
$$;
CALL amend_function('record_history()', 'c.fields <> ARRAY[''board_position'']', 'NOT c.fields <@ quiet_columns()');

-- The outbox tells of more than writes: warnings, reminders.
ALTER TABLE events DROP CONSTRAINT IF EXISTS events_action_check, ADD CONSTRAINT events_action_check CHECK (action ~ '^[a-z][a-z0-9_]{0,49}$');

-- Tells people something where notifications are kept; they are kept by a later migration.
CREATE FUNCTION tell(users uuid[], kind text, title text, message text, type text, entity text, record uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF to_regprocedure('notify(uuid[], text, text, text, text, text, uuid)') IS NOT NULL AND cardinality(users) > 0 THEN
    EXECUTE 'SELECT notify($1, $2, $3, $4, $5, $6, $7)' USING users, kind, title, message, type, entity, record;
  END IF;
END
$$;
ALTER FUNCTION tell(uuid[], text, text, text, text, text, uuid) OWNER TO kith_definer;
REVOKE ALL ON FUNCTION tell(uuid[], text, text, text, text, text, uuid) FROM PUBLIC;

-- Work for a company that is planned, staffed and paid for.
CREATE TABLE projects (
  organization_id       uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id                    uuid NOT NULL DEFAULT uuid_v7(),
  name                  text COLLATE "und-x-icu" NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
  description           text CHECK (char_length(description) <= 50000),
  company_id            uuid NOT NULL,
  deal_id               uuid,
  status                text NOT NULL DEFAULT 'planning' CHECK (status IN ('planning', 'active', 'paused', 'completed', 'cancelled')),
  priority              text NOT NULL DEFAULT 'medium' CHECK (priority IN ('low', 'medium', 'high', 'urgent')),
  start_date            date,
  due_date              date,
  completion_date       date,
  -- From the project's tasks, kept by trigger; cancelled ones do not count.
  task_count            integer NOT NULL DEFAULT 0 CHECK (task_count >= 0),
  completed_task_count  integer NOT NULL DEFAULT 0 CHECK (completed_task_count BETWEEN 0 AND task_count),
  progress              integer GENERATED ALWAYS AS (
                          CASE WHEN status = 'completed' THEN 100 WHEN task_count > 0 THEN completed_task_count * 100 / task_count ELSE 0 END) STORED,
  estimated_hours       numeric(12,4) CHECK (estimated_hours >= 0),
  -- From approved time, kept by trigger.
  actual_hours          numeric(12,4) NOT NULL DEFAULT 0 CHECK (actual_hours >= 0),
  actual_hours_key      bigint GENERATED ALWAYS AS ((actual_hours * 10000)::bigint) STORED,
  budget                numeric(16,3) CHECK (budget >= 0),
  budget_key            bigint GENERATED ALWAYS AS ((budget * 1000)::bigint) STORED,
  actual_cost           numeric(16,3) NOT NULL DEFAULT 0 CHECK (actual_cost >= 0),
  actual_cost_key       bigint GENERATED ALWAYS AS ((actual_cost * 1000)::bigint) STORED,
  currency              currency_code NOT NULL DEFAULT 'USD',
  -- The share of the budget, in percent, at which a warning was given last.
  budget_warning        integer NOT NULL DEFAULT 0 CHECK (budget_warning IN (0, 80, 100)),
  owner_id              uuid,
  project_manager_id    uuid,
  settings              jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(settings) = 'object'),
  tags                  text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 50),
  custom_fields         jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(custom_fields) = 'object'),
  created_at            timestamptz NOT NULL DEFAULT now(),
  updated_at            timestamptz NOT NULL DEFAULT now(),
  deleted_at            timestamptz,
  created_by            uuid,
  updated_by            uuid,
  version               bigint NOT NULL DEFAULT 1,
  search_text           text GENERATED ALWAYS AS (fold_text(name)) STORED,
  search_vector         tsvector GENERATED ALWAYS AS (to_tsvector('simple', fold_text(name || ' ' || left(coalesce(description, ''), 10000)))) STORED,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT projects_dates CHECK (due_date >= start_date),
  CHECK (completion_date IS NULL OR status = 'completed'),
  FOREIGN KEY (organization_id, company_id) REFERENCES companies (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, deal_id) REFERENCES deals (organization_id, id) ON DELETE SET NULL (deal_id),
  FOREIGN KEY (organization_id, owner_id) REFERENCES memberships (organization_id, user_id) ON DELETE SET NULL (owner_id),
  FOREIGN KEY (organization_id, project_manager_id) REFERENCES memberships (organization_id, user_id) ON DELETE SET NULL (project_manager_id)
);
CALL index_fields('projects', ARRAY['name', 'company_id', 'deal_id', 'status', 'priority', 'start_date', 'due_date', 'completion_date', 'progress',
  'actual_hours_key', 'budget_key', 'actual_cost_key', 'currency', 'owner_id', 'project_manager_id', 'created_at', 'updated_at'], 'deleted_at IS NULL');
CREATE INDEX projects_deleted ON projects (organization_id, deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX projects_search_text ON projects USING gin (organization_id, search_text gin_trgm_ops);
CREATE INDEX projects_search_vector ON projects USING gin (organization_id, search_vector);

-- What follows from status, cost and budget. A warning is given once for 80 % and once for all of a budget;
-- another budget begins anew.
CREATE FUNCTION update_project() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  level integer := CASE WHEN NEW.budget > 0 AND NEW.actual_cost >= NEW.budget THEN 100
    WHEN NEW.budget > 0 AND NEW.actual_cost * 100 >= NEW.budget * 80 THEN 80 ELSE 0 END;
BEGIN
  IF NEW.status <> 'completed' THEN
    NEW.completion_date := NULL;
  ELSIF NEW.completion_date IS NULL THEN
    NEW.completion_date := (now() AT TIME ZONE (SELECT timezone FROM organizations WHERE id = NEW.organization_id))::date;
  END IF;
  IF TG_OP = 'INSERT' OR NEW.budget IS DISTINCT FROM OLD.budget THEN
    NEW.budget_warning := level;
  ELSE
    NEW.budget_warning := greatest(OLD.budget_warning, level);
  END IF;
  RETURN NEW;
END
$$;
ALTER FUNCTION update_project() OWNER TO kith_definer;
CREATE TRIGGER projects_follow BEFORE INSERT OR UPDATE ON projects FOR EACH ROW EXECUTE FUNCTION update_project();

-- Tells of budgets that are nearly or wholly used up: an event, the timeline, the owner and the manager.
CREATE FUNCTION warn_of_budgets() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  warned record;
BEGIN
  FOR warned IN
    SELECT n.*, CASE n.budget_warning WHEN 100 THEN 'budget_exceeded' ELSE 'budget_warning' END AS action,
      CASE n.budget_warning WHEN 100 THEN 'The budget is used up' ELSE '80 % of the budget is used' END AS message
    FROM new_rows n JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id
    WHERE n.budget_warning > o.budget_warning
  LOOP
    INSERT INTO events (organization_id, entity, record_id, action, version, actor_id, change_set_id)
    VALUES (warned.organization_id, 'project', warned.id, warned.action, warned.version, current_user_id(), current_change_set_id());
    INSERT INTO activities (organization_id, type, subject, description, entity_type, entity_id, change_set_id, metadata)
    VALUES (warned.organization_id, 'system', warned.name, warned.message, 'project', warned.id, current_change_set_id(),
      jsonb_build_object('action', warned.action));
    PERFORM tell(ARRAY(SELECT DISTINCT u FROM unnest(ARRAY[warned.owner_id, warned.project_manager_id]) u WHERE u IS NOT NULL),
      'budget', warned.name, warned.message, CASE warned.budget_warning WHEN 100 THEN 'error' ELSE 'warning' END, 'project', warned.id);
  END LOOP;
  RETURN NULL;
END
$$;
ALTER FUNCTION warn_of_budgets() OWNER TO kith_definer;
CREATE TRIGGER projects_budget AFTER UPDATE ON projects REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION warn_of_budgets();

-- Who works on a project, as what (000). `permissions`: more than the role allows, actions by resource.
CREATE TABLE project_members (
  organization_id  uuid NOT NULL,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  project_id       uuid NOT NULL,
  user_id          uuid NOT NULL,
  role             text NOT NULL DEFAULT 'member' CHECK (role IN ('manager', 'member', 'viewer')),
  permissions      jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(permissions) = 'object'),
  created_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid,
  updated_at       timestamptz NOT NULL DEFAULT now(),
  updated_by       uuid,
  version          bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT project_members_unique UNIQUE (organization_id, project_id, user_id),
  FOREIGN KEY (organization_id, project_id) REFERENCES projects (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, user_id) REFERENCES memberships (organization_id, user_id) ON DELETE CASCADE
);
CREATE INDEX project_members_user ON project_members (organization_id, user_id, project_id);
CALL index_fields('project_members', ARRAY['role', 'created_at', 'updated_at'], NULL);

-- What an hour costs and is charged at: for a person on a project, a project, a person, or everyone.
CREATE TABLE rates (
  organization_id  uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  project_id       uuid,
  user_id          uuid,
  billable_rate    numeric(16,3) CHECK (billable_rate >= 0),
  cost_rate        numeric(16,3) CHECK (cost_rate >= 0),
  currency         currency_code NOT NULL DEFAULT 'USD',
  valid_from       date,
  created_at       timestamptz NOT NULL DEFAULT now(),
  updated_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid,
  updated_by       uuid,
  version          bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT rates_some CHECK (billable_rate IS NOT NULL OR cost_rate IS NOT NULL),
  FOREIGN KEY (organization_id, project_id) REFERENCES projects (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, user_id) REFERENCES memberships (organization_id, user_id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX rates_unique ON rates (organization_id, user_id, project_id, currency, valid_from) NULLS NOT DISTINCT;
CALL index_fields('rates', ARRAY['project_id', 'user_id', 'currency', 'valid_from', 'created_at', 'updated_at'], NULL);

-- The rates of an hour on a day, in a currency: each from the narrowest rule that says one, and of its
-- rates the latest that is valid.
CREATE FUNCTION hourly_rates(wanted_organization uuid, wanted_project uuid, wanted_user uuid, wanted_currency text, day date,
  OUT billable numeric, OUT cost numeric)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  SELECT (array_agg(r.billable_rate ORDER BY r.project_id IS NULL, r.user_id IS NULL, r.valid_from DESC NULLS LAST) FILTER (WHERE r.billable_rate IS NOT NULL))[1],
    (array_agg(r.cost_rate ORDER BY r.project_id IS NULL, r.user_id IS NULL, r.valid_from DESC NULLS LAST) FILTER (WHERE r.cost_rate IS NOT NULL))[1]
  INTO billable, cost
  FROM rates r
  WHERE r.organization_id = wanted_organization AND (r.user_id IS NULL OR r.user_id = wanted_user)
    AND (r.project_id IS NULL OR r.project_id = wanted_project) AND r.currency = wanted_currency AND (r.valid_from IS NULL OR r.valid_from <= day);
END
$$;
ALTER FUNCTION hourly_rates(uuid, uuid, uuid, text, date) OWNER TO kith_definer;
REVOKE ALL ON FUNCTION hourly_rates(uuid, uuid, uuid, text, date) FROM PUBLIC;

-- Tasks belong to projects, in an order of their own.
ALTER TABLE tasks ADD COLUMN project_id uuid,
  -- The task of which this is the next.
  ADD COLUMN repeats_id uuid,
  ADD FOREIGN KEY (organization_id, project_id) REFERENCES projects (organization_id, id) ON DELETE CASCADE,
  ADD FOREIGN KEY (organization_id, repeats_id) REFERENCES tasks (organization_id, id) ON DELETE SET NULL (repeats_id),
  ADD CHECK (repeats_id <> id),
  ALTER COLUMN position DROP DEFAULT,
  -- As a board's places: digits read as a fraction. Ids grow with time, so older tasks come first.
  ALTER COLUMN position TYPE text COLLATE "C" USING lpad(to_hex(position::bigint + 2147483648), 9, '0') || replace(id::text, '-', '') || '8',
  ADD CONSTRAINT tasks_position_check CHECK (position ~ '^[0-9a-f]*[1-9a-f]$' AND char_length(position) <= 1000);
-- One next task of each, whoever presses at the same moment.
CREATE UNIQUE INDEX tasks_repeats_id ON tasks (organization_id, repeats_id) WHERE deleted_at IS NULL;
CREATE INDEX tasks_project_id ON tasks (organization_id, project_id, position, id) WHERE deleted_at IS NULL;
CREATE INDEX tasks_reminders ON tasks (reminder_at, organization_id)
  WHERE reminder_at IS NOT NULL AND deleted_at IS NULL AND status IN ('todo', 'in_progress', 'review');
ALTER TABLE leads ADD COLUMN project_id uuid,
  ADD FOREIGN KEY (organization_id, project_id) REFERENCES projects (organization_id, id) ON DELETE SET NULL (project_id);
CALL index_fields('leads', ARRAY['project_id'], 'deleted_at IS NULL');

-- Time that somebody spent. Draft until submitted, pending until approved or rejected; what is approved or
-- invoiced is locked.
CREATE TABLE time_entries (
  organization_id   uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id                uuid NOT NULL DEFAULT uuid_v7(),
  user_id           uuid NOT NULL,
  project_id        uuid NOT NULL,
  task_id           uuid,
  date              date NOT NULL,
  hours             numeric(12,4) NOT NULL CHECK (hours > 0 AND hours <= 24),
  hours_key         bigint GENERATED ALWAYS AS ((hours * 10000)::bigint) STORED,
  description       text CHECK (char_length(description) <= 2000),
  billable          boolean NOT NULL DEFAULT true,
  status            text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'pending', 'approved', 'rejected')),
  submitted_at      timestamptz,
  approved_by_id    uuid,
  approved_at       timestamptz,
  rejection_reason  text CHECK (char_length(rejection_reason) <= 1000),
  -- An hour's, fixed when the entry is approved.
  rate              numeric(16,3) CHECK (rate >= 0),
  cost_rate         numeric(16,3) CHECK (cost_rate >= 0),
  currency          currency_code NOT NULL DEFAULT 'USD',
  amount            numeric(16,3) GENERATED ALWAYS AS (CASE WHEN billable THEN round(hours * rate, 2) ELSE 0 END) STORED,
  cost              numeric(16,3) GENERATED ALWAYS AS (round(hours * cost_rate, 2)) STORED,
  -- What the entry was invoiced as.
  invoice_item_id   uuid,
  created_at        timestamptz NOT NULL DEFAULT now(),
  updated_at        timestamptz NOT NULL DEFAULT now(),
  deleted_at        timestamptz,
  created_by        uuid,
  updated_by        uuid,
  version           bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CHECK ((status = 'approved') = (approved_at IS NOT NULL)),
  CHECK (status <> 'rejected' OR rejection_reason IS NOT NULL),
  CONSTRAINT time_entries_invoiced CHECK (invoice_item_id IS NULL OR status = 'approved' AND billable),
  FOREIGN KEY (organization_id, user_id) REFERENCES memberships (organization_id, user_id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, project_id) REFERENCES projects (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, task_id) REFERENCES tasks (organization_id, id) ON DELETE CASCADE
);
CALL index_fields('time_entries', ARRAY['task_id', 'date', 'hours_key', 'billable', 'status', 'approved_at', 'approved_by_id', 'invoice_item_id', 'created_at',
  'updated_at'], 'deleted_at IS NULL');
CREATE INDEX time_entries_user_id ON time_entries (organization_id, user_id, date, id) WHERE deleted_at IS NULL;
CREATE INDEX time_entries_project_id ON time_entries (organization_id, project_id, date, id) WHERE deleted_at IS NULL;
CREATE INDEX time_entries_deleted ON time_entries (organization_id, deleted_at, id) WHERE deleted_at IS NOT NULL;

-- Which reminder of a task was given. A row a task, so that a reminder is given once by however many nodes
-- and moving it gives another.
CREATE TABLE task_reminders (
  organization_id  uuid NOT NULL,
  task_id          uuid NOT NULL,
  reminder_at      timestamptz NOT NULL,
  given_at         timestamptz NOT NULL,
  PRIMARY KEY (organization_id, task_id),
  FOREIGN KEY (organization_id, task_id) REFERENCES tasks (organization_id, id) ON DELETE CASCADE
);
CALL forbid_by_default('task_reminders');

-- The secret address of a person's calendar. Only its hash is stored.
CREATE TABLE calendar_feeds (
  organization_id  uuid NOT NULL,
  user_id          uuid NOT NULL,
  secret_hash      bytea NOT NULL UNIQUE,
  created_at       timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, user_id),
  FOREIGN KEY (organization_id, user_id) REFERENCES memberships (organization_id, user_id) ON DELETE CASCADE
);
CALL forbid_by_default('calendar_feeds');

-- What belongs to a person for good is not handed on when they leave.
ALTER TABLE record_access ADD COLUMN stays boolean NOT NULL DEFAULT false;
CALL amend_function('deactivate_member(uuid, uuid)', 'SELECT * FROM owner_columns() c ORDER BY c.entity',
  'SELECT * FROM owner_columns() c WHERE NOT (SELECT a.stays FROM record_access a WHERE a.table_name = c.table_name) ORDER BY c.entity');

-- Permissions and the roles' defaults (MODEL §3).
CALL declare_resource('projects', ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk', 'assign']);
CALL declare_resource('project_members', ARRAY['create', 'read', 'update', 'delete', 'import', 'export']);
CALL declare_resource('rates', ARRAY['create', 'read', 'update', 'delete', 'import', 'export']);
CALL declare_resource('time_entries', ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk', 'assign', 'approve']);
CALL default_grant('manager', ARRAY['projects'], ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk', 'assign'], 'all');
CALL default_grant('manager', ARRAY['project_members', 'rates'], ARRAY['create', 'read', 'update', 'delete', 'import', 'export'], 'all');
CALL default_grant('manager', ARRAY['time_entries'], ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk', 'assign', 'approve'], 'all');
CALL default_grant('finance', ARRAY['projects', 'project_members', 'time_entries'], ARRAY['read', 'export'], 'all');
CALL default_grant('finance', ARRAY['rates'], ARRAY['create', 'read', 'update', 'delete', 'export'], 'all');
CALL default_grant('member', ARRAY['projects'], ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk'], 'assigned');
CALL default_grant('member', ARRAY['project_members'], ARRAY['create', 'read', 'update', 'delete'], 'assigned');
DO $$
DECLARE key text;
BEGIN
  FOREACH key IN ARRAY ARRAY['sales', 'support'] LOOP
    CALL default_grant(key, ARRAY['projects'], ARRAY['read', 'update', 'export'], 'assigned');
    CALL default_grant(key, ARRAY['project_members'], ARRAY['read'], 'assigned');
  END LOOP;
  FOREACH key IN ARRAY ARRAY['sales', 'support', 'member'] LOOP
    -- Approving is for those who manage a project, and goes no farther than it.
    CALL default_grant(key, ARRAY['time_entries'], ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk', 'approve'], 'assigned');
  END LOOP;
  FOREACH key IN ARRAY ARRAY['client_admin', 'client_member', 'client_viewer'] LOOP
    CALL default_grant(key, ARRAY['projects', 'leads'], ARRAY['read'], 'assigned');
  END LOOP;
END
$$;
CALL default_grant('viewer', ARRAY['projects', 'project_members', 'time_entries'], ARRAY['read'], 'all');
SELECT apply_role_defaults(NULL, resource) FROM unnest(ARRAY['projects', 'project_members', 'rates', 'time_entries', 'leads']) resource;

-- Tasks, notes and interactions keep the project of what they are about.
DO $$
DECLARE
  about text;
  within text;
BEGIN
  FOREACH about IN ARRAY ARRAY['tasks', 'notes', 'interactions'] LOOP
    EXECUTE format('ALTER TABLE %I ADD COLUMN subject_project_id uuid', about);
    EXECUTE format('ALTER TABLE %I ALTER COLUMN subject_project_id SET STATISTICS 1000', about);
    CALL index_fields(about, ARRAY['subject_project_id'], NULL);
    CONTINUE WHEN about = 'interactions';
    EXECUTE format('DROP TRIGGER %I ON %I', about || '_updated_at', about);
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE ON %I FOR EACH ROW WHEN ((OLD.subject_owner_id, OLD.subject_company_id, OLD.subject_project_id)
      IS NOT DISTINCT FROM (NEW.subject_owner_id, NEW.subject_company_id, NEW.subject_project_id) OR OLD.subject_id IS DISTINCT FROM NEW.subject_id)
      EXECUTE FUNCTION update_updated_at()', about || '_updated_at', about);
  END LOOP;
  FOREACH about IN ARRAY ARRAY['notes', 'interactions'] LOOP
    FOR within IN SELECT policyname FROM pg_policies WHERE tablename = about AND policyname <> about || '_definer' LOOP
      EXECUTE format('DROP POLICY %I ON %I', within, about);
    END LOOP;
    within := record_condition('subject_type', 'subject_id', 'subject_owner_id', 'subject_company_id', 'subject_project_id');
    EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO kith_app USING (organization_id = current_organization_id()
      AND (SELECT access_scope(%L, ''read'')) IS NOT NULL AND (%s))', about || '_read', about, about, within);
    EXECUTE format('CREATE POLICY %I ON %I FOR INSERT TO kith_app WITH CHECK (organization_id = current_organization_id()
      AND (SELECT access_scope(%L, ''create'')) IS NOT NULL AND created_by = (SELECT current_user_id()) AND (%s))', about || '_create', about, about, within);
  END LOOP;
  EXECUTE format('CREATE POLICY notes_update ON notes FOR UPDATE TO kith_app USING (%1$s AND (%2$s) AND (%3$s)) WITH CHECK (%1$s AND (%2$s) AND (%3$s))',
    'organization_id = current_organization_id()', scope_condition('notes', 'update', ARRAY['created_by'], NULL, false), within);
END
$$;
GRANT UPDATE (subject_project_id) ON interactions TO kith_definer;

CALL protect_in_projects('projects', 'projects', ARRAY['owner_id', 'project_manager_id'], 'company_id', ARRAY['id']);
CALL protect_through('project_members', 'project_members', 'projects', 'project_id', 'projects', 'owner_id', 'company_id');
CALL protect_shared('rates', 'rates');
CALL protect_in_projects('time_entries', 'time_entries', ARRAY['user_id'], NULL, ARRAY['project_id']);
UPDATE record_access SET stays = true WHERE table_name = 'time_entries';
CALL protect_in_projects('tasks', 'tasks', ARRAY['assigned_to_id', 'created_by', 'subject_owner_id'], 'subject_company_id', ARRAY['project_id', 'subject_project_id']);
CALL protect_in_projects('leads', 'leads', ARRAY['owner_id'], NULL, ARRAY['project_id']);
CALL install_entity('project', 'projects', 'name', 'projects');
CALL install_entity('project_member', 'project_members', 'user_id', 'project_members');
CALL install_entity('rate', 'rates', '', 'rates');
CALL install_entity('time_entry', 'time_entries', 'description', 'time_entries');
CALL add_subject_kind('tasks', 'project');
CALL add_subject_kind('notes', 'project');
CALL renew_history('interactions');
DO $$
DECLARE
  kept record;
BEGIN
  FOR kept IN
    SELECT tgname, tgrelid::regclass::text AS table_name, pg_get_triggerdef(oid) AS definition FROM pg_trigger
    WHERE tgrelid IN ('leads'::regclass, 'tasks'::regclass) AND tgfoid = 'index_values'::regproc
      OR tgrelid = 'leads'::regclass AND tgfoid = 'subject_changed_hands'::regproc
  LOOP
    EXECUTE format('DROP TRIGGER %I ON %I', kept.tgname, kept.table_name);
    EXECUTE left(kept.definition, -1) || ', ''project_id'')';
  END LOOP;
END
$$;
DROP TRIGGER leads_guard ON leads;
CREATE TRIGGER leads_guard BEFORE INSERT OR UPDATE ON leads FOR EACH ROW EXECUTE FUNCTION guard_record('leads', 'owner_id', '', 'project_id');
DROP TRIGGER tasks_guard ON tasks;
CREATE TRIGGER tasks_guard BEFORE INSERT OR UPDATE ON tasks FOR EACH ROW
  EXECUTE FUNCTION guard_record('tasks', 'assigned_to_id,created_by,subject_owner_id', 'subject_company_id', 'project_id,subject_project_id');
CREATE TRIGGER projects_guard BEFORE INSERT OR UPDATE ON projects FOR EACH ROW
  EXECUTE FUNCTION guard_record('projects', 'owner_id,project_manager_id', 'company_id', 'id');
CREATE TRIGGER time_entries_guard BEFORE INSERT OR UPDATE ON time_entries FOR EACH ROW
  EXECUTE FUNCTION guard_record('time_entries', 'user_id', '', 'project_id');

-- May a user read a project (000)? Asked as that user, of the table's own policies; whoever asks about
-- others must be an admin.
CREATE FUNCTION can_access_project(wanted_user uuid, project uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
  acting constant text := current_setting('kith.user', true);
  answer boolean;
BEGIN
  IF wanted_user IS NOT DISTINCT FROM current_user_id() THEN
    RETURN EXISTS (SELECT 1 FROM projects WHERE organization_id = current_organization_id() AND id = project);
  ELSIF NOT is_admin(current_user_id()) THEN
    RETURN false;
  END IF;
  PERFORM set_config('kith.user', coalesce(wanted_user::text, ''), true);
  SELECT EXISTS (SELECT 1 FROM projects WHERE organization_id = current_organization_id() AND id = project) INTO answer;
  PERFORM set_config('kith.user', coalesce(acting, ''), true);
  RETURN answer;
END
$$;
-- The members of a project are seen by whoever sees the project.
DROP POLICY project_members_read ON project_members;
CREATE POLICY project_members_read ON project_members FOR SELECT TO kith_app
  USING (organization_id = current_organization_id() AND (SELECT access_scope('project_members', 'read')) IS NOT NULL
    AND ((SELECT access_scope('projects', 'read')) = 'all' OR can_access_project((SELECT current_user_id()), project_id)));

-- Whoever may change the leads of a project may change this one.
CALL amend_function('can_manage_lead(uuid, uuid)', '  owner uuid;', '  owner uuid;
  project uuid;');
CALL amend_function('can_manage_lead(uuid, uuid)', 'SELECT l.owner_id INTO owner', 'SELECT l.owner_id, l.project_id INTO owner, project');
CALL amend_function('can_manage_lead(uuid, uuid)', 'THEN owner = wanted_user', 'THEN owner = wanted_user OR project IS NOT NULL AND project = ANY (project_ids_of(wanted_user, ''leads'', ''update''))');
DO $$
BEGIN
  DROP POLICY leads_update ON leads;
  EXECUTE format('CREATE POLICY leads_update ON leads FOR UPDATE TO kith_app
    USING (organization_id = current_organization_id() AND (can_manage_lead((SELECT current_user_id()), id) OR %s))
    WITH CHECK (organization_id = current_organization_id() AND %s)',
    unowned_condition('leads', ARRAY['owner_id']), scope_condition('leads', 'update', ARRAY['owner_id'], NULL, false, ARRAY['project_id']));
END
$$;

-- A task about a project belongs to it, a subtask to the project of its parent.
CREATE FUNCTION place_task() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  parents uuid;
BEGIN
  IF NEW.position IS NULL THEN
    NEW.position := replace(NEW.id::text, '-', '') || '8';
  END IF;
  IF NEW.subject_type = 'project' THEN
    IF TG_OP = 'UPDATE' AND NEW.project_id IS NOT DISTINCT FROM OLD.project_id AND NEW.subject_id IS DISTINCT FROM OLD.subject_id THEN
      NEW.project_id := NEW.subject_id;
    END IF;
    NEW.project_id := coalesce(NEW.project_id, NEW.subject_id);
    IF NEW.project_id <> NEW.subject_id THEN
      RAISE EXCEPTION 'A task about a project belongs to that project.' USING ERRCODE = 'KT422', COLUMN = 'project_id';
    END IF;
  END IF;
  IF NEW.parent_id IS NOT NULL THEN
    SELECT project_id INTO parents FROM tasks WHERE organization_id = NEW.organization_id AND id = NEW.parent_id;
    NEW.project_id := coalesce(NEW.project_id, parents);
    IF FOUND AND NEW.project_id IS DISTINCT FROM parents THEN
      RAISE EXCEPTION 'A subtask belongs to the project of the task that it is part of.' USING ERRCODE = 'KT422', COLUMN = 'project_id';
    END IF;
  END IF;
  RETURN NEW;
END
$$;
ALTER FUNCTION place_task() OWNER TO kith_definer;
CREATE TRIGGER tasks_place_insert BEFORE INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION place_task();
CREATE TRIGGER tasks_place_update BEFORE UPDATE ON tasks FOR EACH ROW
  WHEN ((OLD.parent_id, OLD.project_id, OLD.subject_type, OLD.subject_id) IS DISTINCT FROM (NEW.parent_id, NEW.project_id, NEW.subject_type, NEW.subject_id))
  EXECUTE FUNCTION place_task();

-- Subtasks go with their parent to another project, and no task becomes part of its own parts, whoever
-- moves what at the same moment.
CREATE FUNCTION follow_parent_tasks() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  organization uuid;
  moved uuid[];
  deepest integer;
BEGIN
  FOR organization IN
    SELECT DISTINCT n.organization_id FROM new_rows n JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id
    WHERE n.parent_id IS DISTINCT FROM o.parent_id AND n.parent_id IS NOT NULL ORDER BY 1
  LOOP
    PERFORM pg_advisory_xact_lock(hashtextextended('tasks.parent_id ' || organization, 0));
    WITH RECURSIVE above (start, id, depth) AS (
      SELECT n.id, n.parent_id, 1 FROM new_rows n WHERE n.organization_id = organization AND n.parent_id IS NOT NULL
      UNION ALL
      SELECT a.start, t.parent_id, a.depth + 1
      FROM above a JOIN tasks t ON t.organization_id = organization AND t.id = a.id
      WHERE t.parent_id IS NOT NULL AND a.id <> a.start AND a.depth < 50
    )
    SELECT max(CASE WHEN a.id = a.start THEN 50 ELSE a.depth END) INTO deepest FROM above a;
    IF deepest >= 50 THEN
      RAISE EXCEPTION 'A task cannot be part of its own subtasks.' USING ERRCODE = 'KT422', COLUMN = 'parent_id';
    END IF;
  END LOOP;
  moved := ARRAY(
    SELECT n.id FROM new_rows n JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id
    WHERE n.project_id IS DISTINCT FROM o.project_id);
  IF cardinality(moved) > 0 THEN
    UPDATE tasks t SET project_id = p.project_id FROM new_rows p
    WHERE p.id = ANY (moved) AND t.organization_id = p.organization_id AND t.parent_id = p.id AND t.project_id IS DISTINCT FROM p.project_id;
  END IF;
  RETURN NULL;
END
$$;
ALTER FUNCTION follow_parent_tasks() OWNER TO kith_definer;
CREATE TRIGGER tasks_follow_parent AFTER UPDATE ON tasks REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION follow_parent_tasks();

-- How far a project is: its tasks that are done, of all that are not cancelled.
CREATE FUNCTION count_project_tasks() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  changes jsonb;
BEGIN
  EXECUTE format('SELECT jsonb_agg(to_jsonb(c)) FROM (
      SELECT t.organization_id, t.project_id, sum(t.sign) AS tasks, sum(t.sign) FILTER (WHERE t.status = ''completed'') AS completed
      FROM (%s) t WHERE t.project_id IS NOT NULL AND t.deleted_at IS NULL AND t.status <> ''cancelled''
      GROUP BY 1, 2 HAVING sum(t.sign) <> 0 OR sum(t.sign) FILTER (WHERE t.status = ''completed'') <> 0) c', rows_with_sign(TG_OP))
  INTO changes;
  IF changes IS NOT NULL THEN
    -- In one order, so that two who change several projects do not wait for one another.
    PERFORM 1 FROM projects p JOIN jsonb_to_recordset(changes) AS c (organization_id uuid, project_id uuid)
      ON p.organization_id = c.organization_id AND p.id = c.project_id ORDER BY p.id FOR NO KEY UPDATE OF p;
    UPDATE projects p SET task_count = p.task_count + c.tasks, completed_task_count = p.completed_task_count + coalesce(c.completed, 0)
    FROM jsonb_to_recordset(changes) AS c (organization_id uuid, project_id uuid, tasks integer, completed integer)
    WHERE p.organization_id = c.organization_id AND p.id = c.project_id;
  END IF;
  RETURN NULL;
END
$$;
-- The rows of a statement, those that were counted off against those that are.
CREATE FUNCTION rows_with_sign(operation text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE operation WHEN 'INSERT' THEN 'SELECT 1 AS sign, n.* FROM new_rows n' WHEN 'DELETE' THEN 'SELECT -1 AS sign, o.* FROM old_rows o'
    ELSE 'SELECT 1 AS sign, n.* FROM new_rows n UNION ALL SELECT -1, o.* FROM old_rows o' END
$$;
ALTER FUNCTION count_project_tasks() OWNER TO kith_definer;
CREATE TRIGGER tasks_count_insert AFTER INSERT ON tasks REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION count_project_tasks();
CREATE TRIGGER tasks_count_update AFTER UPDATE ON tasks REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION count_project_tasks();
CREATE TRIGGER tasks_count_delete AFTER DELETE ON tasks REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION count_project_tasks();

-- Makes the next tasks of those that this transaction completed, one of each, with their open parts made
-- anew; the caller says when they are due. Answers the new ids.
CREATE FUNCTION repeat_tasks(done uuid[], due timestamptz[], reminder timestamptz[], rule text[]) RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  made uuid[];
  zone constant text := (SELECT timezone FROM organizations WHERE id = current_organization_id());
BEGIN
  WITH new_tasks AS (
    INSERT INTO tasks (organization_id, title, description, subject_type, subject_id, type, priority, due_at, reminder_at, recurrence, assigned_to_id,
      estimated_hours, parent_id, project_id, tags, custom_fields, created_by, repeats_id)
    SELECT t.organization_id, t.title, t.description, t.subject_type, t.subject_id, t.type, t.priority, n.due, n.reminder, n.rule, t.assigned_to_id,
      t.estimated_hours, t.parent_id, t.project_id, t.tags, t.custom_fields, t.created_by, t.id
    FROM unnest(done, due, reminder, rule) AS n (id, due, reminder, rule)
    JOIN tasks t ON t.organization_id = current_organization_id() AND t.id = n.id
    WHERE t.status = 'completed' AND t.completed_at = now() AND t.updated_by = current_user_id() AND t.recurrence IS NOT NULL AND t.deleted_at IS NULL
    ON CONFLICT (organization_id, repeats_id) WHERE deleted_at IS NULL DO NOTHING
    RETURNING id
  )
  SELECT array_agg(id) INTO made FROM new_tasks;
  INSERT INTO tasks (organization_id, title, description, subject_type, subject_id, type, priority, due_at, assigned_to_id, estimated_hours, parent_id,
    project_id, position, tags, custom_fields, created_by)
  SELECT part.organization_id, part.title, part.description, part.subject_type, part.subject_id, part.type, part.priority,
    ((part.due_at AT TIME ZONE zone) + ((next.due_at AT TIME ZONE zone) - (before.due_at AT TIME ZONE zone))) AT TIME ZONE zone,
    part.assigned_to_id, part.estimated_hours, next.id, part.project_id, part.position, part.tags, part.custom_fields, part.created_by
  FROM tasks next
  JOIN tasks before ON before.organization_id = next.organization_id AND before.id = next.repeats_id
  JOIN tasks part ON part.organization_id = before.organization_id AND part.parent_id = before.id
  WHERE next.organization_id = current_organization_id() AND next.id = ANY (made) AND part.deleted_at IS NULL AND part.status <> 'cancelled';
  RETURN QUERY SELECT unnest(made);
END
$$;
ALTER FUNCTION repeat_tasks(uuid[], timestamptz[], timestamptz[], text[]) OWNER TO kith_definer;

-- Takes back the next tasks of those that this transaction opened again, where nobody has touched them.
CREATE FUNCTION unrepeat_tasks(opened uuid[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  untouched uuid[] := ARRAY(
    SELECT next.id FROM tasks next
    JOIN tasks t ON t.organization_id = next.organization_id AND t.id = next.repeats_id
    WHERE next.organization_id = current_organization_id() AND next.repeats_id = ANY (opened) AND next.deleted_at IS NULL
      AND next.version = 1 AND next.status = 'todo'
      AND t.status IN ('todo', 'in_progress', 'review') AND t.updated_at = now() AND t.updated_by = current_user_id()
    FOR UPDATE OF next);
BEGIN
  UPDATE tasks SET deleted_at = now()
  WHERE organization_id = current_organization_id() AND deleted_at IS NULL AND version = 1 AND (id = ANY (untouched) OR parent_id = ANY (untouched));
END
$$;
ALTER FUNCTION unrepeat_tasks(uuid[]) OWNER TO kith_definer;

-- Reminders that are due, of one organization: at most `bound`, each once. What is older than a week (the
-- program did not run) is news no more.
CREATE FUNCTION remind_of_tasks(moment timestamptz, bound integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  reminded record;
  given bigint := 0;
BEGIN
  IF current_user_id() IS NOT NULL THEN
    RETURN 0;
  END IF;
  FOR reminded IN
    WITH given AS (
      INSERT INTO task_reminders (organization_id, task_id, reminder_at, given_at)
      SELECT t.organization_id, t.id, t.reminder_at, moment
      FROM tasks t LEFT JOIN task_reminders r ON r.organization_id = t.organization_id AND r.task_id = t.id
      WHERE t.organization_id = current_organization_id() AND t.reminder_at > moment - interval '7 days' AND t.reminder_at <= moment
        AND t.deleted_at IS NULL AND t.status IN ('todo', 'in_progress', 'review') AND r.reminder_at IS DISTINCT FROM t.reminder_at
      ORDER BY t.reminder_at, t.id LIMIT bound
      ON CONFLICT (organization_id, task_id) DO UPDATE SET reminder_at = excluded.reminder_at, given_at = excluded.given_at
        WHERE task_reminders.reminder_at <> excluded.reminder_at
      RETURNING task_id
    )
    SELECT t.id, t.organization_id, t.title, t.due_at, t.version, t.type, coalesce(t.assigned_to_id, t.created_by) AS person
    FROM given g JOIN tasks t ON t.organization_id = current_organization_id() AND t.id = g.task_id
  LOOP
    given := given + 1;
    INSERT INTO events (organization_id, entity, record_id, action, version, change_set_id)
    VALUES (reminded.organization_id, 'task', reminded.id, 'reminder', reminded.version, current_change_set_id());
    PERFORM tell(ARRAY(SELECT reminded.person WHERE reminded.person IS NOT NULL),
      CASE reminded.type WHEN 'follow_up' THEN 'follow_up' ELSE 'reminder' END, reminded.title,
      coalesce('Due ' || to_char(reminded.due_at AT TIME ZONE (SELECT timezone FROM organizations WHERE id = reminded.organization_id), 'YYYY-MM-DD HH24:MI'), 'No due date'),
      'info', 'task', reminded.id);
  END LOOP;
  RETURN given;
END
$$;
ALTER FUNCTION remind_of_tasks(timestamptz, integer) OWNER TO kith_definer;

-- The organizations with reminders that are due.
CREATE FUNCTION organizations_with_task_reminders(moment timestamptz) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF current_user_id() IS NULL THEN
    RETURN QUERY SELECT DISTINCT t.organization_id
    FROM tasks t LEFT JOIN task_reminders r ON r.organization_id = t.organization_id AND r.task_id = t.id
    WHERE t.reminder_at > moment - interval '7 days' AND t.reminder_at <= moment
      AND t.deleted_at IS NULL AND t.status IN ('todo', 'in_progress', 'review') AND r.reminder_at IS DISTINCT FROM t.reminder_at;
  END IF;
END
$$;
ALTER FUNCTION organizations_with_task_reminders(timestamptz) OWNER TO kith_definer;

-- May the acting user say yes or no to somebody's time? Never to one's own, unless nobody else could.
CREATE FUNCTION may_approve_time(of_user uuid, at_project uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF of_user = current_user_id() AND EXISTS (
      SELECT 1 FROM memberships m
      JOIN users u ON u.id = m.user_id AND u.is_active
      JOIN role_permissions p ON p.organization_id = m.organization_id AND p.role_id = m.role_id
      WHERE m.organization_id = current_organization_id() AND m.user_id <> of_user AND m.status = 'active'
        AND p.resource = 'time_entries' AND p.action = 'approve' AND p.scope = 'all') THEN
    RETURN false;
  END IF;
  RETURN coalesce(CASE access_scope('time_entries', 'approve')
    WHEN 'all' THEN true
    WHEN 'team' THEN of_user = ANY (my_team_user_ids()) OR at_project = ANY (my_project_ids('time_entries', 'approve'))
    WHEN 'assigned' THEN at_project = ANY (my_project_ids('time_entries', 'approve'))
    ELSE false END, false);
END
$$;
ALTER FUNCTION may_approve_time(uuid, uuid) OWNER TO kith_definer;

-- What may become of time, and what follows from it. Work that acts for no user is not asked for permission.
CREATE FUNCTION follow_time_entry() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  acting constant uuid := current_user_id();
  before time_entries;
  task_project uuid;
  content_changed boolean := true;
  judged boolean;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    before := OLD;
    content_changed := (OLD.project_id, OLD.task_id, OLD.date, OLD.hours, OLD.description, OLD.billable, OLD.deleted_at, OLD.rate, OLD.cost_rate)
      IS DISTINCT FROM (NEW.project_id, NEW.task_id, NEW.date, NEW.hours, NEW.description, NEW.billable, NEW.deleted_at, NEW.rate, NEW.cost_rate);
    IF content_changed AND OLD.status = 'approved' THEN
      RAISE EXCEPTION 'Approved time is locked. Whoever approves time can reopen it.' USING ERRCODE = 'KT409', COLUMN = 'status';
    ELSIF OLD.invoice_item_id IS NOT NULL AND NEW.status <> 'approved' THEN
      RAISE EXCEPTION 'Invoiced time is locked.' USING ERRCODE = 'KT409', COLUMN = 'status';
    ELSIF content_changed AND OLD.status = 'pending' AND acting IS NOT NULL AND NOT may_approve_time(OLD.user_id, OLD.project_id) THEN
      RAISE EXCEPTION 'Submitted time cannot be changed. Take it back first.' USING ERRCODE = 'KT409', COLUMN = 'status';
    END IF;
  END IF;
  IF acting IS NOT NULL AND (NEW.rate IS DISTINCT FROM before.rate OR NEW.cost_rate IS DISTINCT FROM before.cost_rate)
    AND access_scope('rates', 'update') IS NULL THEN
    RAISE EXCEPTION 'You may not set rates.' USING ERRCODE = 'KT403', COLUMN = 'rate';
  END IF;
  judged := NEW.status IS DISTINCT FROM before.status
    AND (NEW.status IN ('approved', 'rejected') OR coalesce(before.status = 'approved', false));
  IF judged AND acting IS NOT NULL AND NOT may_approve_time(NEW.user_id, NEW.project_id) THEN
    RAISE EXCEPTION '%', CASE WHEN NEW.user_id = acting THEN 'Somebody else has to approve your time.' ELSE 'You may not approve this time.' END
      USING ERRCODE = 'KT403', COLUMN = 'status';
  ELSIF judged AND TG_OP = 'UPDATE' AND NEW.status IN ('approved', 'rejected') AND OLD.status NOT IN ('pending', 'approved') THEN
    RAISE EXCEPTION 'Only submitted time can be approved or rejected.' USING ERRCODE = 'KT409', COLUMN = 'status';
  END IF;
  IF TG_OP = 'INSERT' OR NEW.project_id <> before.project_id OR NEW.task_id IS DISTINCT FROM before.task_id THEN
    IF NEW.task_id IS NOT NULL THEN
      SELECT project_id INTO task_project FROM tasks WHERE organization_id = NEW.organization_id AND id = NEW.task_id;
      IF task_project IS DISTINCT FROM coalesce(NEW.project_id, task_project) AND task_project IS NOT NULL THEN
        RAISE EXCEPTION 'This task belongs to another project.' USING ERRCODE = 'KT422', COLUMN = 'task_id';
      END IF;
    END IF;
    SELECT currency INTO NEW.currency FROM projects WHERE organization_id = NEW.organization_id AND id = NEW.project_id;
    NEW.currency := coalesce(NEW.currency, 'USD');
  END IF;
  -- A rate is fixed with the approval, and open again with the entry.
  IF NEW.status = 'approved' AND before.status IS DISTINCT FROM 'approved' THEN
    SELECT coalesce(NEW.rate, h.billable), coalesce(NEW.cost_rate, h.cost) INTO NEW.rate, NEW.cost_rate
    FROM hourly_rates(NEW.organization_id, NEW.project_id, NEW.user_id, NEW.currency, NEW.date) h;
    NEW.approved_at := coalesce(NEW.approved_at, now());
    NEW.approved_by_id := coalesce(acting, NEW.approved_by_id);
  ELSIF NEW.status <> 'approved' THEN
    NEW.approved_at := NULL;
    NEW.approved_by_id := NULL;
    IF before.status = 'approved' THEN
      NEW.rate := NULL;
      NEW.cost_rate := NULL;
    END IF;
  END IF;
  IF NEW.status = 'draft' THEN
    NEW.submitted_at := NULL;
  ELSIF NEW.status IS DISTINCT FROM before.status AND NEW.status = 'pending' THEN
    NEW.submitted_at := now();
  END IF;
  IF NEW.status <> 'rejected' THEN
    NEW.rejection_reason := NULL;
  ELSIF coalesce(btrim(NEW.rejection_reason), '') = '' THEN
    RAISE EXCEPTION 'Say why the time is rejected.' USING ERRCODE = 'KT422', COLUMN = 'rejection_reason';
  END IF;
  RETURN NEW;
END
$$;
ALTER FUNCTION follow_time_entry() OWNER TO kith_definer;
CREATE TRIGGER time_entries_follow BEFORE INSERT OR UPDATE ON time_entries FOR EACH ROW EXECUTE FUNCTION follow_time_entry();

-- Time that was judged stays the person's whose it is.
CREATE FUNCTION keep_time_entry_user() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  -- Somebody known by name becomes somebody with an account: that runs as another role.
  IF current_user = 'kith_app' AND NEW.user_id <> OLD.user_id AND OLD.status IN ('pending', 'approved') THEN
    RAISE EXCEPTION 'Submitted time stays the person''s whose it is.' USING ERRCODE = 'KT409', COLUMN = 'user_id';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER time_entries_keep_user BEFORE UPDATE OF user_id ON time_entries FOR EACH ROW EXECUTE FUNCTION keep_time_entry_user();

-- A day has 24 hours: whoever writes a person's day waits for whoever is writing it already, and counts
-- what is committed then.
CREATE FUNCTION limit_hours() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  day record;
  total numeric;
BEGIN
  FOR day IN EXECUTE format(
    'SELECT DISTINCT n.organization_id, n.user_id, n.date FROM new_rows n %s WHERE n.deleted_at IS NULL AND n.status <> ''rejected'' %s ORDER BY 1, 2, 3',
    CASE TG_OP WHEN 'UPDATE' THEN 'JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id' ELSE '' END,
    CASE TG_OP WHEN 'UPDATE' THEN 'AND (n.user_id <> o.user_id OR n.date <> o.date OR n.hours > o.hours OR o.deleted_at IS NOT NULL OR o.status = ''rejected'')' ELSE '' END)
  LOOP
    PERFORM pg_advisory_xact_lock(hashtextextended('time_entries ' || day.organization_id || day.user_id || day.date, 0));
    SELECT sum(hours) INTO total FROM time_entries
    WHERE organization_id = day.organization_id AND user_id = day.user_id AND date = day.date AND deleted_at IS NULL AND status <> 'rejected';
    IF total > 24 THEN
      RAISE EXCEPTION 'A day has 24 hours; % would have %.', day.date, trim_scale(total) USING ERRCODE = 'KT422', COLUMN = 'hours';
    END IF;
  END LOOP;
  RETURN NULL;
END
$$;
ALTER FUNCTION limit_hours() OWNER TO kith_definer;
CREATE TRIGGER time_entries_limit_insert AFTER INSERT ON time_entries REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION limit_hours();
CREATE TRIGGER time_entries_limit_update AFTER UPDATE ON time_entries REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION limit_hours();

-- Approved time adds up on its project and its task.
CREATE FUNCTION add_up_time() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  changes jsonb;
BEGIN
  EXECUTE format('SELECT jsonb_agg(to_jsonb(c)) FROM (
      SELECT t.organization_id, t.project_id, t.task_id, sum(t.sign * t.hours) AS hours, sum(t.sign * coalesce(t.cost, 0)) AS cost
      FROM (%s) t WHERE t.status = ''approved'' AND t.deleted_at IS NULL
      GROUP BY 1, 2, 3 HAVING sum(t.sign * t.hours) <> 0 OR sum(t.sign * coalesce(t.cost, 0)) <> 0) c', rows_with_sign(TG_OP))
  INTO changes;
  IF changes IS NULL THEN
    RETURN NULL;
  END IF;
  PERFORM 1 FROM projects p WHERE (p.organization_id, p.id) IN (
      SELECT c.organization_id, c.project_id FROM jsonb_to_recordset(changes) AS c (organization_id uuid, project_id uuid))
    ORDER BY p.id FOR NO KEY UPDATE;
  UPDATE projects p SET actual_hours = p.actual_hours + c.hours, actual_cost = p.actual_cost + c.cost
  FROM (SELECT organization_id, project_id, sum(hours) AS hours, sum(cost) AS cost
    FROM jsonb_to_recordset(changes) AS c (organization_id uuid, project_id uuid, hours numeric, cost numeric) GROUP BY 1, 2) c
  WHERE p.organization_id = c.organization_id AND p.id = c.project_id;
  PERFORM 1 FROM tasks t WHERE (t.organization_id, t.id) IN (
      SELECT c.organization_id, c.task_id FROM jsonb_to_recordset(changes) AS c (organization_id uuid, task_id uuid))
    ORDER BY t.id FOR NO KEY UPDATE;
  UPDATE tasks t SET actual_hours = greatest(0, coalesce(t.actual_hours, 0) + c.hours)
  FROM (SELECT organization_id, task_id, sum(hours) AS hours
    FROM jsonb_to_recordset(changes) AS c (organization_id uuid, task_id uuid, hours numeric) GROUP BY 1, 2) c
  WHERE t.organization_id = c.organization_id AND t.id = c.task_id;
  RETURN NULL;
END
$$;
ALTER FUNCTION add_up_time() OWNER TO kith_definer;
CREATE TRIGGER time_entries_add_up_insert AFTER INSERT ON time_entries REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION add_up_time();
CREATE TRIGGER time_entries_add_up_update AFTER UPDATE ON time_entries REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION add_up_time();
CREATE TRIGGER time_entries_add_up_delete AFTER DELETE ON time_entries REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION add_up_time();

-- Tells people what became of their time.
CREATE FUNCTION tell_of_judged_time() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  judged record;
BEGIN
  FOR judged IN
    SELECT n.user_id, n.status, sum(n.hours) AS hours, min(n.date) AS first_day, max(n.date) AS last_day, min(n.id::text)::uuid AS id,
      min(n.rejection_reason) AS reason
    FROM new_rows n JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id
    WHERE n.status <> o.status AND n.status IN ('approved', 'rejected') AND n.user_id IS DISTINCT FROM current_user_id()
    GROUP BY n.user_id, n.status
  LOOP
    PERFORM tell(ARRAY[judged.user_id], CASE judged.status WHEN 'approved' THEN 'approval' ELSE 'rejection' END,
      format('%s h %s', trim_scale(judged.hours), judged.status),
      format('%s to %s%s', judged.first_day, judged.last_day, coalesce(': ' || judged.reason, '')),
      CASE judged.status WHEN 'approved' THEN 'success' ELSE 'warning' END, 'time_entry', judged.id);
  END LOOP;
  RETURN NULL;
END
$$;
ALTER FUNCTION tell_of_judged_time() OWNER TO kith_definer;
CREATE TRIGGER time_entries_tell AFTER UPDATE ON time_entries REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION tell_of_judged_time();

-- One's own calendar address: made anew, the old one is dead at once.
CREATE FUNCTION create_calendar_feed(new_hash bytea) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  made timestamptz;
BEGIN
  PERFORM require_own_account();
  INSERT INTO calendar_feeds (organization_id, user_id, secret_hash) VALUES (current_organization_id(), current_user_id(), new_hash)
  ON CONFLICT (organization_id, user_id) DO UPDATE SET secret_hash = excluded.secret_hash, created_at = now()
  RETURNING created_at INTO made;
  RETURN made;
END
$$;
CREATE FUNCTION revoke_calendar_feed() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_own_account();
  DELETE FROM calendar_feeds WHERE organization_id = current_organization_id() AND user_id = current_user_id();
  RETURN FOUND;
END
$$;
CREATE FUNCTION calendar_feed() RETURNS timestamptz
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN (SELECT created_at FROM calendar_feeds WHERE organization_id = current_organization_id() AND user_id = current_user_id());
END
$$;
-- Whose calendar a secret opens, as long as they are let in.
CREATE FUNCTION calendar_reader(presented_hash bytea) RETURNS TABLE (organization_id uuid, user_id uuid, timezone text, organization_name text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF current_user_id() IS NULL THEN
    RETURN QUERY SELECT f.organization_id, f.user_id, o.timezone, o.name
    FROM calendar_feeds f
    JOIN organizations o ON o.id = f.organization_id
    JOIN memberships m ON m.organization_id = f.organization_id AND m.user_id = f.user_id AND m.status = 'active'
    JOIN users u ON u.id = f.user_id AND u.is_active
    WHERE f.secret_hash = presented_hash;
  END IF;
END
$$;
ALTER FUNCTION create_calendar_feed(bytea) OWNER TO kith_definer;
ALTER FUNCTION revoke_calendar_feed() OWNER TO kith_definer;
ALTER FUNCTION calendar_feed() OWNER TO kith_definer;
ALTER FUNCTION calendar_reader(bytea) OWNER TO kith_definer;
