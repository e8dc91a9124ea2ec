-- The sales floor: leads and their conversion, tasks, notes and interactions (MODEL §4).

-- Records that are about another record: `subject_type` and `subject_id` name it, as the interface
-- shows it. From the two come one foreign key for each kind of subject, so that the reference stays
-- whole and at most one of the keys is set by construction; and whose that record is, kept beside it,
-- so that row security needs no look at it for each row.

-- Which tables are about records of which entities.
CREATE TABLE subject_kinds (
  table_name  text NOT NULL,
  entity      text NOT NULL,
  PRIMARY KEY (table_name, entity)
);
GRANT SELECT ON subject_kinds TO kith_definer;

-- Fills in whose the subject is. Always looked up, so that nobody can write it.
CREATE FUNCTION place_subject() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  subject record;
BEGIN
  NEW.subject_owner_id := NULL;
  NEW.subject_company_id := NULL;
  SELECT r.table_name, a.owner_columns[1] AS owner_column, a.company_column INTO subject
  FROM record_tables r JOIN record_access a USING (table_name) WHERE r.entity = NEW.subject_type;
  IF FOUND THEN
    EXECUTE format('SELECT %I, %s FROM %I WHERE organization_id = $1 AND id = $2', subject.owner_column,
      coalesce(quote_ident(subject.company_column), 'NULL::uuid'), subject.table_name)
    INTO NEW.subject_owner_id, NEW.subject_company_id USING NEW.organization_id, NEW.subject_id;
  END IF;
  RETURN NEW;
END
$$;
ALTER FUNCTION place_subject() OWNER TO kith_definer;

-- When a record changes hands, what is about it follows. Arguments: entity, owner column, company
-- column ('' for none).
CREATE FUNCTION subject_changed_hands() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  moved uuid[];
  about text;
BEGIN
  moved := ARRAY(
    SELECT n.id FROM new_rows n JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id
    WHERE to_jsonb(n) -> TG_ARGV[1] IS DISTINCT FROM to_jsonb(o) -> TG_ARGV[1]
      OR to_jsonb(n) -> TG_ARGV[2] IS DISTINCT FROM to_jsonb(o) -> TG_ARGV[2]);
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
ALTER FUNCTION subject_changed_hands() OWNER TO kith_definer;

-- Lets the rows of a table be about records of one more entity.
CREATE PROCEDURE add_subject_kind(about_table text, new_entity text)
LANGUAGE plpgsql AS $$
DECLARE
  subject_table text := (SELECT r.table_name FROM record_tables r WHERE r.entity = new_entity);
  access record_access := (SELECT a FROM record_access a WHERE a.table_name = subject_table);
  column_name text := new_entity || '_id';
  kinds text;
BEGIN
  INSERT INTO subject_kinds VALUES (about_table, new_entity);
  SELECT string_agg(quote_literal(k.entity), ', ' ORDER BY k.entity) INTO kinds FROM subject_kinds k WHERE k.table_name = about_table;
  EXECUTE format('ALTER TABLE %I DROP CONSTRAINT IF EXISTS %I, ADD CONSTRAINT %I CHECK (subject_type IN (%s))', about_table,
    about_table || '_subject_type_check', about_table || '_subject_type_check', kinds);
  EXECUTE format('ALTER TABLE %1$I ADD COLUMN %2$I uuid GENERATED ALWAYS AS (CASE WHEN subject_type = %3$L THEN subject_id END) STORED,
    ADD CONSTRAINT %4$I FOREIGN KEY (organization_id, %2$I) REFERENCES %5$I (organization_id, id) ON DELETE CASCADE',
    about_table, column_name, new_entity, about_table || '_' || new_entity || '_subject', subject_table);
  EXECUTE format('CREATE INDEX %I ON %I (organization_id, %I) WHERE %I IS NOT NULL', about_table || '_' || column_name, about_table, column_name, column_name);
  IF NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = subject_table::regclass AND tgname = subject_table || '_changed_hands') THEN
    EXECUTE format('CREATE TRIGGER %I AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
      FOR EACH STATEMENT EXECUTE FUNCTION subject_changed_hands(%L, %L, %L)', subject_table || '_changed_hands', subject_table, new_entity,
      access.owner_columns[1], coalesce(access.company_column, ''));
  END IF;
END
$$;

-- Makes the rows of a table be about other records. The table has subject_type, subject_id,
-- subject_owner_id and subject_company_id.
CREATE PROCEDURE add_subject(about_table text, entities text[])
LANGUAGE plpgsql AS $$
DECLARE
  entity text;
BEGIN
  FOREACH entity IN ARRAY entities LOOP
    CALL add_subject_kind(about_table, entity);
  END LOOP;
  EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I CHECK ((subject_type IS NULL) = (subject_id IS NULL))', about_table, about_table || '_whole_subject');
  EXECUTE format('CREATE TRIGGER %I BEFORE INSERT OR UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION place_subject()', about_table || '_place_subject', about_table);
  CALL index_fields(about_table, ARRAY['subject_id', 'subject_type', 'subject_owner_id', 'subject_company_id'], NULL);
END
$$;

-- Policies for rows that are seen with the record they are about. Whoever reads that record may add to
-- it; what one wrote oneself one may change, and with the scope `all` what others wrote.
CREATE PROCEDURE protect_about(table_name text, resource text)
LANGUAGE plpgsql AS $$
DECLARE
  here constant text := 'organization_id = current_organization_id() AND ';
  visible constant text := record_condition('subject_type', 'subject_id', 'subject_owner_id', 'subject_company_id');
BEGIN
  CALL forbid_by_default(table_name);
  INSERT INTO record_access VALUES (table_name, 'about', '{}', NULL);
  EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO kith_app USING (%s (SELECT access_scope(%L, ''read'')) IS NOT NULL AND (%s))',
    table_name || '_read', table_name, here, resource, visible);
  EXECUTE format('CREATE POLICY %I ON %I FOR INSERT TO kith_app WITH CHECK (%s (SELECT access_scope(%L, ''create'')) IS NOT NULL
    AND created_by = (SELECT current_user_id()) AND (%s))', table_name || '_create', table_name, here, resource, visible);
  EXECUTE format('CREATE POLICY %1$I ON %2$I FOR UPDATE TO kith_app USING (%3$s (%4$s) AND (%5$s)) WITH CHECK (%3$s (%4$s) AND (%5$s))',
    table_name || '_update', table_name, here, scope_condition(resource, 'update', ARRAY['created_by'], NULL, false), visible);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO kith_app', table_name);
END
$$;

CREATE TABLE leads (
  organization_id       uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id                    uuid NOT NULL DEFAULT uuid_v7(),
  first_name            text COLLATE "und-x-icu" CHECK (char_length(first_name) BETWEEN 1 AND 100),
  last_name             text COLLATE "und-x-icu" CHECK (char_length(last_name) BETWEEN 1 AND 100),
  company_name          text COLLATE "und-x-icu" CHECK (char_length(company_name) BETWEEN 1 AND 255),
  email                 email_address,
  -- Never empty: what a lead without a person's name is known by.
  full_name             text COLLATE "und-x-icu" GENERATED ALWAYS AS (
                          coalesce(nullif(btrim(coalesce(first_name, '') || ' ' || coalesce(last_name, '')), ''), company_name, split_part(email::text, '@', 1), '')) STORED,
  phone                 phone_number,
  job_title             text CHECK (char_length(job_title) <= 100),
  website               web_address,
  product_id            uuid,
  source                text CHECK (source IN ('website', 'referral', 'brief_wizard', 'cold_outreach', 'cold_call', 'inbound', 'partner', 'event',
                          'google_ads', 'facebook_ads', 'organic', 'import', 'api', 'other')),
  source_detail         text CHECK (char_length(source_detail) <= 255),
  utm_source            text CHECK (char_length(utm_source) <= 255),
  utm_medium            text CHECK (char_length(utm_medium) <= 255),
  utm_campaign          text CHECK (char_length(utm_campaign) <= 255),
  utm_term              text CHECK (char_length(utm_term) <= 255),
  utm_content           text CHECK (char_length(utm_content) <= 255),
  pipeline_id           uuid NOT NULL,
  stage_id              uuid NOT NULL,
  -- What the stage says, kept by trigger.
  status                text NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'contacted', 'qualified', 'proposal', 'converted', 'lost')),
  score                 integer CHECK (score BETWEEN 0 AND 100),
  score_reasons         jsonb,
  estimated_value       numeric(16,3) CHECK (estimated_value >= 0),
  estimated_value_key   bigint GENERATED ALWAYS AS ((estimated_value * 1000)::bigint) STORED,
  currency              currency_code NOT NULL DEFAULT 'USD',
  expected_close_date   date,
  owner_id              uuid,
  notes                 text CHECK (char_length(notes) <= 50000),
  lost_reason           text CHECK (char_length(lost_reason) <= 1000),
  is_archived           boolean NOT NULL DEFAULT false,
  converted_at          timestamptz,
  converted_company_id  uuid,
  converted_contact_id  uuid,
  converted_deal_id     uuid,
  board_position        text COLLATE "C" NOT NULL CHECK (board_position ~ '^[0-9a-f]*[1-9a-f]$' AND char_length(board_position) <= 1000),
  tags                  text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 50),
  custom_fields         jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(custom_fields) = 'object'),
  created_at            timestamptz NOT NULL DEFAULT now(),
  updated_at            timestamptz NOT NULL DEFAULT now(),
  deleted_at            timestamptz,
  created_by            uuid,
  updated_by            uuid,
  version               bigint NOT NULL DEFAULT 1,
  search_text           text GENERATED ALWAYS AS (fold_text(coalesce(first_name, '') || ' ' || coalesce(last_name, '') || ' ' || coalesce(company_name, '') || ' ' || coalesce(email::text, '') || ' ' || coalesce(phone::text, ''))) STORED,
  search_vector         tsvector GENERATED ALWAYS AS (to_tsvector('simple', fold_text(coalesce(first_name, '') || ' ' || coalesce(last_name, '') || ' ' || coalesce(company_name, '') || ' ' || coalesce(email::text, '') || ' ' || coalesce(job_title, '') || ' ' || left(coalesce(notes, ''), 10000)))) STORED,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT leads_named CHECK (first_name IS NOT NULL OR last_name IS NOT NULL OR company_name IS NOT NULL OR email IS NOT NULL),
  CHECK ((status = 'converted') = (converted_at IS NOT NULL)),
  FOREIGN KEY (organization_id, product_id) REFERENCES products (organization_id, id) ON DELETE SET NULL (product_id),
  CONSTRAINT leads_stage FOREIGN KEY (organization_id, pipeline_id, stage_id) REFERENCES stages (organization_id, pipeline_id, id),
  FOREIGN KEY (organization_id, owner_id) REFERENCES memberships (organization_id, user_id) ON DELETE SET NULL (owner_id),
  FOREIGN KEY (organization_id, converted_company_id) REFERENCES companies (organization_id, id) ON DELETE SET NULL (converted_company_id),
  FOREIGN KEY (organization_id, converted_contact_id) REFERENCES contacts (organization_id, id) ON DELETE SET NULL (converted_contact_id),
  FOREIGN KEY (organization_id, converted_deal_id) REFERENCES deals (organization_id, id) ON DELETE SET NULL (converted_deal_id)
);
CALL index_fields('leads', ARRAY['full_name', 'first_name', 'last_name', 'company_name', 'email', 'job_title', 'product_id', 'source', 'utm_campaign', 'pipeline_id',
  'status', 'score', 'estimated_value_key', 'currency', 'expected_close_date', 'owner_id', 'is_archived', 'converted_at', 'converted_company_id',
  'converted_contact_id', 'converted_deal_id', 'created_at', 'updated_at'], 'deleted_at IS NULL');
CREATE INDEX leads_stage_id ON leads (organization_id, stage_id, board_position, id) WHERE deleted_at IS NULL;
CREATE INDEX leads_board_position ON leads (organization_id, board_position, id) WHERE deleted_at IS NULL;
CREATE INDEX leads_deleted ON leads (organization_id, deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX leads_search_text ON leads USING gin (organization_id, search_text gin_trgm_ops);
CREATE INDEX leads_search_vector ON leads USING gin (organization_id, search_vector);

-- A lead is what its stage says; converted it becomes by its conversion alone.
CREATE FUNCTION update_lead_status() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  said text;
BEGIN
  IF TG_OP = 'INSERT' OR NEW.stage_id IS DISTINCT FROM OLD.stage_id OR NEW.status IS DISTINCT FROM OLD.status THEN
    SELECT lead_status INTO said FROM stages WHERE organization_id = NEW.organization_id AND id = NEW.stage_id;
    IF NOT FOUND THEN
      -- The foreign key says it better.
      RETURN NEW;
    ELSIF said IS NULL THEN
      RAISE EXCEPTION 'This stage belongs to a pipeline for deals.' USING ERRCODE = 'KT422', COLUMN = 'stage_id';
    END IF;
    NEW.status := said;
  END IF;
  IF NEW.status = 'converted' AND NEW.converted_at IS NULL THEN
    RAISE EXCEPTION 'A lead becomes converted by its conversion into a company, a contact or a deal.' USING ERRCODE = 'KT422', COLUMN = 'stage_id';
  ELSIF NEW.status <> 'converted' AND NEW.converted_at IS NOT NULL THEN
    RAISE EXCEPTION 'A converted lead stays converted. Undo its conversion first.' USING ERRCODE = 'KT409', COLUMN = 'stage_id';
  END IF;
  IF NEW.status <> 'lost' THEN
    NEW.lost_reason := NULL;
  END IF;
  RETURN NEW;
END
$$;
ALTER FUNCTION update_lead_status() OWNER TO kith_definer;
CREATE TRIGGER leads_status BEFORE INSERT OR UPDATE ON leads FOR EACH ROW EXECUTE FUNCTION update_lead_status();

-- What a conversion made and what it found, so that it can be undone.
CREATE TABLE lead_conversions (
  organization_id  uuid NOT NULL,
  lead_id          uuid NOT NULL,
  -- Where the lead stood.
  stage_id         uuid NOT NULL,
  company_id       uuid,
  company_made     boolean NOT NULL,
  contact_id       uuid,
  contact_made     boolean NOT NULL,
  deal_id          uuid,
  created_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid,
  PRIMARY KEY (organization_id, lead_id),
  FOREIGN KEY (organization_id, lead_id) REFERENCES leads (organization_id, id) ON DELETE CASCADE
);

-- What has to be done, by whom and until when.
CREATE TABLE tasks (
  organization_id     uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id                  uuid NOT NULL DEFAULT uuid_v7(),
  title               text COLLATE "und-x-icu" NOT NULL CHECK (char_length(title) BETWEEN 1 AND 255),
  description         text CHECK (char_length(description) <= 50000),
  subject_type        text,
  subject_id          uuid,
  subject_owner_id    uuid,
  subject_company_id  uuid,
  type                text NOT NULL DEFAULT 'todo' CHECK (type IN ('call', 'email', 'meeting', 'todo', 'follow_up', 'demo')),
  status              text NOT NULL DEFAULT 'todo' CHECK (status IN ('todo', 'in_progress', 'review', 'completed', 'cancelled')),
  priority            text NOT NULL DEFAULT 'medium' CHECK (priority IN ('low', 'medium', 'high', 'urgent')),
  due_at              timestamptz,
  reminder_at         timestamptz,
  -- RFC 5545 §3.3.10.
  recurrence          text CHECK (char_length(recurrence) <= 500),
  completed_at        timestamptz,
  assigned_to_id      uuid,
  estimated_hours     numeric(12,4) CHECK (estimated_hours >= 0),
  actual_hours        numeric(12,4) CHECK (actual_hours >= 0),
  parent_id           uuid,
  interaction_id      uuid,
  position            integer NOT NULL DEFAULT 0,
  tags                text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 50),
  custom_fields       jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(custom_fields) = 'object'),
  created_at          timestamptz NOT NULL DEFAULT now(),
  updated_at          timestamptz NOT NULL DEFAULT now(),
  deleted_at          timestamptz,
  created_by          uuid,
  updated_by          uuid,
  version             bigint NOT NULL DEFAULT 1,
  search_text         text GENERATED ALWAYS AS (fold_text(title)) STORED,
  search_vector       tsvector GENERATED ALWAYS AS (to_tsvector('simple', fold_text(title || ' ' || left(coalesce(description, ''), 10000)))) STORED,
  PRIMARY KEY (organization_id, id),
  CHECK (parent_id <> id),
  CHECK ((status = 'completed') = (completed_at IS NOT NULL)),
  FOREIGN KEY (organization_id, assigned_to_id) REFERENCES memberships (organization_id, user_id) ON DELETE SET NULL (assigned_to_id),
  FOREIGN KEY (organization_id, parent_id) REFERENCES tasks (organization_id, id) ON DELETE CASCADE
);
CALL index_fields('tasks', ARRAY['title', 'type', 'status', 'priority', 'due_at', 'reminder_at', 'completed_at', 'parent_id', 'interaction_id', 'position',
  'created_by', 'created_at', 'updated_at'], 'deleted_at IS NULL');
CREATE INDEX tasks_assigned_to_id ON tasks (organization_id, assigned_to_id, due_at, id) WHERE deleted_at IS NULL;
ALTER TABLE tasks ALTER COLUMN assigned_to_id SET STATISTICS 1000;
CREATE INDEX tasks_deleted ON tasks (organization_id, deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX tasks_search_text ON tasks USING gin (organization_id, search_text gin_trgm_ops);
CREATE INDEX tasks_search_vector ON tasks USING gin (organization_id, search_vector);

-- A task that is done has the moment at which it was; one that is opened again has none.
CREATE FUNCTION update_task_completion() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status <> 'completed' THEN
    NEW.completed_at := NULL;
  ELSIF TG_OP = 'UPDATE' AND OLD.status = 'completed' THEN
    NEW.completed_at := OLD.completed_at;
  ELSE
    NEW.completed_at := coalesce(NEW.completed_at, now());
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER tasks_completion BEFORE INSERT OR UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION update_task_completion();

-- What someone wrote down about a record.
CREATE TABLE notes (
  organization_id     uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id                  uuid NOT NULL DEFAULT uuid_v7(),
  subject_type        text NOT NULL,
  subject_id          uuid NOT NULL,
  subject_owner_id    uuid,
  subject_company_id  uuid,
  content             text NOT NULL CHECK (char_length(content) BETWEEN 1 AND 50000),
  is_pinned           boolean NOT NULL DEFAULT false,
  mentions            jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(mentions) = 'array'),
  created_at          timestamptz NOT NULL DEFAULT now(),
  updated_at          timestamptz NOT NULL DEFAULT now(),
  deleted_at          timestamptz,
  created_by          uuid,
  updated_by          uuid,
  version             bigint NOT NULL DEFAULT 1,
  search_text         text GENERATED ALWAYS AS (fold_text(left(content, 2000))) STORED,
  search_vector       tsvector GENERATED ALWAYS AS (to_tsvector('simple', fold_text(left(content, 10000)))) STORED,
  PRIMARY KEY (organization_id, id)
);
CALL index_fields('notes', ARRAY['is_pinned', 'created_by', 'created_at', 'updated_at'], 'deleted_at IS NULL');
CREATE INDEX notes_deleted ON notes (organization_id, deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX notes_search_text ON notes USING gin (organization_id, search_text gin_trgm_ops);
CREATE INDEX notes_search_vector ON notes USING gin (organization_id, search_vector);

-- What happened between us and them (002). Written once: no role can change or remove a row; it goes
-- only with the record it is about.
CREATE TABLE interactions (
  organization_id     uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id                  uuid NOT NULL DEFAULT uuid_v7(),
  subject_type        text NOT NULL,
  subject_id          uuid NOT NULL,
  subject_owner_id    uuid,
  subject_company_id  uuid,
  type                text COLLATE "und-x-icu" NOT NULL CHECK (char_length(type) BETWEEN 1 AND 100),
  channel             text NOT NULL CHECK (channel IN ('phone', 'email', 'meeting', 'chat', 'whatsapp', 'sms', 'other')),
  note                text NOT NULL CHECK (char_length(note) BETWEEN 1 AND 50000),
  outcome             text CHECK (char_length(outcome) <= 1000),
  occurred_at         timestamptz NOT NULL DEFAULT now(),
  follow_up_at        timestamptz,
  product_id          uuid,
  created_at          timestamptz NOT NULL DEFAULT now(),
  created_by          uuid,
  search_text         text GENERATED ALWAYS AS (fold_text(type || ' ' || left(note, 2000) || ' ' || coalesce(outcome, ''))) STORED,
  search_vector       tsvector GENERATED ALWAYS AS (to_tsvector('simple', fold_text(type || ' ' || left(note, 10000) || ' ' || coalesce(outcome, '')))) STORED,
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, product_id) REFERENCES products (organization_id, id) ON DELETE SET NULL (product_id)
);
CALL index_fields('interactions', ARRAY['type', 'channel', 'occurred_at', 'follow_up_at', 'product_id', 'created_by', 'created_at'], NULL);
CREATE INDEX interactions_search_text ON interactions USING gin (organization_id, search_text gin_trgm_ops);
CREATE INDEX interactions_search_vector ON interactions USING gin (organization_id, search_vector);
-- The task that follows up goes on when the interaction goes with its subject.
ALTER TABLE tasks ADD FOREIGN KEY (organization_id, interaction_id) REFERENCES interactions (organization_id, id)
  ON DELETE SET NULL (interaction_id);

-- A date to follow up makes a task for whoever wrote the interaction.
CREATE FUNCTION make_follow_up_tasks() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO tasks (organization_id, title, description, subject_type, subject_id, type, due_at, reminder_at, assigned_to_id, interaction_id, created_by)
  SELECT n.organization_id, left('Follow up: ' || n.type, 255), n.note, n.subject_type, n.subject_id, 'follow_up', n.follow_up_at, n.follow_up_at,
    n.created_by, n.id, n.created_by
  FROM new_rows n WHERE n.follow_up_at IS NOT NULL;
  RETURN NULL;
END
$$;
ALTER FUNCTION make_follow_up_tasks() OWNER TO kith_definer;
CREATE TRIGGER interactions_follow_up AFTER INSERT ON interactions REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION make_follow_up_tasks();

-- Permissions and the roles' defaults (MODEL §3).
CALL declare_resource('leads', ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk', 'assign']);
CALL declare_resource('tasks', ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk', 'assign']);
CALL declare_resource('notes', ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk']);
CALL declare_resource('interactions', ARRAY['create', 'read', 'import', 'export', 'bulk']);
CALL default_grant('manager', ARRAY['leads', 'tasks'], ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk', 'assign'], 'all');
CALL default_grant('manager', ARRAY['notes'], ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk'], 'all');
CALL default_grant('manager', ARRAY['interactions'], ARRAY['create', 'read', 'import', 'export', 'bulk'], 'all');
CALL default_grant('sales', ARRAY['leads'], ARRAY['create'], 'all');
CALL default_grant('sales', ARRAY['leads'], ARRAY['read'], 'assigned_or_unowned');
CALL default_grant('sales', ARRAY['leads'], ARRAY['update', 'delete', 'bulk', 'import', 'export'], 'assigned');
CALL default_grant('member', ARRAY['leads'], ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk'], 'assigned');
DO $$
DECLARE key text;
BEGIN
  FOREACH key IN ARRAY ARRAY['sales', 'support', 'finance', 'member'] LOOP
    -- Work is handed on freely; whoever made a task goes on seeing it.
    CALL default_grant(key, ARRAY['tasks'], ARRAY['create', 'assign'], 'all');
    CALL default_grant(key, ARRAY['tasks'], ARRAY['read', 'update', 'delete', 'import', 'export', 'bulk'], 'assigned');
    CALL default_grant(key, ARRAY['notes', 'interactions'], ARRAY['create', 'read', 'export'], 'all');
    CALL default_grant(key, ARRAY['notes'], ARRAY['update', 'delete'], 'assigned');
  END LOOP;
END
$$;
CALL default_grant('viewer', ARRAY['leads', 'tasks', 'notes', 'interactions'], ARRAY['read'], 'all');

-- Organizations that exist already get them too.
SELECT apply_role_defaults(NULL, resource) FROM unnest(ARRAY['leads', 'tasks', 'notes', 'interactions']) resource;

CALL protect_owned('leads', 'leads', ARRAY['owner_id'], NULL);
CALL protect_through('lead_conversions', 'leads', 'leads', 'lead_id', 'leads', 'owner_id', NULL);
CALL install_entity('lead', 'leads', 'full_name', 'leads');
CALL add_subject('tasks', ARRAY['company', 'contact', 'lead', 'deal']);
CALL add_subject('notes', ARRAY['company', 'contact', 'lead', 'deal']);
CALL add_subject('interactions', ARRAY['company', 'contact', 'lead', 'deal']);
CALL protect_owned('tasks', 'tasks', ARRAY['assigned_to_id', 'created_by', 'subject_owner_id'], 'subject_company_id');
CALL protect_about('notes', 'notes');
CALL protect_about('interactions', 'interactions');
CALL install_entity('task', 'tasks', 'title', 'tasks');
CALL install_entity('note', 'notes', '', 'notes');
CALL install_entity('interaction', 'interactions', 'type', 'interactions', 'note');
REVOKE UPDATE, DELETE ON interactions FROM kith_app, kith_definer;
DROP POLICY interactions_update ON interactions;
-- Whose the subject is stays true; what was written stays as it is.
GRANT UPDATE (subject_owner_id, subject_company_id) ON interactions TO kith_definer;

CREATE TRIGGER leads_guard BEFORE INSERT OR UPDATE ON leads FOR EACH ROW EXECUTE FUNCTION guard_record('leads', 'owner_id', '');
CREATE TRIGGER tasks_guard BEFORE INSERT OR UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION guard_record('tasks', 'assigned_to_id,created_by,subject_owner_id', 'subject_company_id');
CREATE TRIGGER notes_guard BEFORE INSERT OR UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION guard_record('notes', 'created_by', '');

CREATE OR REPLACE FUNCTION activity_type(entity text, written jsonb) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE entity
    WHEN 'task' THEN 'task'
    WHEN 'note' THEN 'note'
    WHEN 'interaction' THEN CASE written ->> 'channel' WHEN 'phone' THEN 'call' WHEN 'email' THEN 'email' WHEN 'meeting' THEN 'meeting' ELSE 'message_sent' END
    ELSE 'system'
  END
$$;

-- May a user change a lead (000)? Answers for the acting user's organization; whoever asks about others
-- must be an admin.
CREATE FUNCTION can_manage_lead(wanted_user uuid, lead uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  scope text;
  owner uuid;
BEGIN
  IF wanted_user IS DISTINCT FROM current_user_id() AND NOT is_admin(current_user_id()) THEN
    RETURN false;
  END IF;
  SELECT p.scope INTO scope
  FROM memberships m
  JOIN users u ON u.id = m.user_id AND u.is_active
  JOIN role_permissions p ON p.organization_id = m.organization_id AND p.role_id = m.role_id
  WHERE m.organization_id = current_organization_id() AND m.user_id = wanted_user
    AND m.status = 'active' AND p.resource = 'leads' AND p.action = 'update';
  SELECT l.owner_id INTO owner FROM leads l WHERE l.organization_id = current_organization_id() AND l.id = lead;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  RETURN coalesce(CASE scope
    WHEN 'all' THEN true
    WHEN 'assigned' THEN owner = wanted_user
    WHEN 'team' THEN owner = wanted_user OR EXISTS (
      SELECT 1 FROM team_members mine JOIN team_members other USING (organization_id, team_id)
      WHERE mine.organization_id = current_organization_id() AND mine.user_id = wanted_user AND other.user_id = owner)
    ELSE false END, false);
END
$$;
ALTER FUNCTION can_manage_lead(uuid, uuid) OWNER TO kith_definer;
DO $$
BEGIN
  DROP POLICY leads_update ON leads;
  EXECUTE format('CREATE POLICY leads_update ON leads FOR UPDATE TO kith_app
    USING (organization_id = current_organization_id() AND (can_manage_lead((SELECT current_user_id()), id) OR %s))
    WITH CHECK (organization_id = current_organization_id() AND %s)',
    unowned_condition('leads', ARRAY['owner_id']), scope_condition('leads', 'update', ARRAY['owner_id'], NULL, false));
END
$$;

-- What hangs on what a lead's conversion made, whoever may see it; a conversion that is built upon cannot
-- be undone.
CREATE FUNCTION conversion_blockers(wanted_lead uuid) RETURNS TABLE (blocker text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  org constant uuid := current_organization_id();
  c lead_conversions;
BEGIN
  SELECT * INTO c FROM lead_conversions WHERE organization_id = org AND lead_id = wanted_lead;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  RETURN QUERY
  SELECT format('the %s has %s %s', h.result, h.count, h.what) FROM (
    SELECT 1 AS position, 'company' AS result, 'other contacts' AS what, count(*) FROM contacts x
      WHERE c.company_made AND x.organization_id = org AND x.company_id = c.company_id AND x.deleted_at IS NULL AND x.id IS DISTINCT FROM c.contact_id
    UNION ALL SELECT 2, 'company', 'other deals', count(*) FROM deals x
      WHERE c.company_made AND x.organization_id = org AND x.company_id = c.company_id AND x.deleted_at IS NULL AND x.id IS DISTINCT FROM c.deal_id
    UNION ALL SELECT 3, 'company', 'subsidiaries', count(*) FROM companies x
      WHERE c.company_made AND x.organization_id = org AND x.parent_id = c.company_id AND x.deleted_at IS NULL
    UNION ALL SELECT 4, 'company', 'members', count(*) FROM company_members x
      WHERE c.company_made AND x.organization_id = org AND x.company_id = c.company_id
    UNION ALL SELECT 5, 'contact', 'other deals', count(*) FROM deals x
      WHERE c.contact_made AND x.organization_id = org AND x.primary_contact_id = c.contact_id AND x.deleted_at IS NULL AND x.id IS DISTINCT FROM c.deal_id
    UNION ALL SELECT 6, 'deal', 'items', count(*) FROM deal_items x WHERE x.organization_id = org AND x.deal_id = c.deal_id
    UNION ALL SELECT 7, s.entity, 'tasks', count(*) FROM tasks x, subjects_of(c) s WHERE x.organization_id = org AND x.subject_id = s.id AND x.deleted_at IS NULL GROUP BY s.entity
    UNION ALL SELECT 8, s.entity, 'notes', count(*) FROM notes x, subjects_of(c) s WHERE x.organization_id = org AND x.subject_id = s.id AND x.deleted_at IS NULL GROUP BY s.entity
    UNION ALL SELECT 9, s.entity, 'interactions', count(*) FROM interactions x, subjects_of(c) s WHERE x.organization_id = org AND x.subject_id = s.id GROUP BY s.entity
  ) h WHERE h.count > 0
  UNION ALL
  SELECT 'the deal is ' || d.status FROM deals d
  WHERE d.organization_id = org AND d.id = c.deal_id AND d.deleted_at IS NULL AND d.status <> 'open';
END
$$;

-- What a conversion made, as subjects.
CREATE FUNCTION subjects_of(c lead_conversions) RETURNS TABLE (entity text, id uuid)
LANGUAGE sql IMMUTABLE AS $$
  SELECT 'company', c.company_id WHERE c.company_made AND c.company_id IS NOT NULL
  UNION ALL SELECT 'contact', c.contact_id WHERE c.contact_made AND c.contact_id IS NOT NULL
  UNION ALL SELECT 'deal', c.deal_id WHERE c.deal_id IS NOT NULL
$$;
ALTER FUNCTION conversion_blockers(uuid) OWNER TO kith_definer;
