-- What an organization sets up for itself: industries, tags, its own fields; what roles start with;
-- the side table through which tags and custom fields are filtered; search; imports.

-- What a role of this key holds when an organization is made. A migration that brings a resource
-- adds its rows here and calls apply_role_defaults() for the organizations that exist already.
CREATE TABLE role_defaults (
  role_key  text NOT NULL,
  resource  text NOT NULL,
  action    text NOT NULL,
  scope     text NOT NULL,
  PRIMARY KEY (role_key, resource, action),
  FOREIGN KEY (resource, action) REFERENCES permissions (resource, action)
);
GRANT SELECT ON role_defaults TO kith_definer;

-- Declares a resource's permissions; owners and admins hold them all.
CREATE PROCEDURE declare_resource(new_resource text, actions text[])
LANGUAGE sql AS $$
  INSERT INTO permissions (resource, action, description)
  SELECT new_resource, action, initcap(action) || ' ' || replace(new_resource, '_', ' ') FROM unnest(actions) action;
  INSERT INTO role_defaults (role_key, resource, action, scope)
  SELECT key, new_resource, action, 'all' FROM unnest(actions) action, unnest(ARRAY['owner', 'admin']) key;
$$;

-- Grants a role's default for several actions of several resources.
CREATE PROCEDURE default_grant(role_key text, resources text[], actions text[], scope text)
LANGUAGE sql AS $$
  INSERT INTO role_defaults SELECT role_key, resource, action, scope FROM unnest(resources) resource, unnest(actions) action
$$;

-- Gives the shipped roles what they should hold by default and do not, for one resource or all.
CREATE FUNCTION apply_role_defaults(only_organization uuid, only_resource text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO role_permissions (organization_id, role_id, resource, action, scope)
  SELECT r.organization_id, r.id, d.resource, d.action, d.scope
  FROM roles r JOIN role_defaults d ON d.role_key = r.key
  WHERE r.is_system AND (only_organization IS NULL OR r.organization_id = only_organization)
    AND (only_resource IS NULL OR d.resource = only_resource)
  ON CONFLICT DO NOTHING
$$;
ALTER FUNCTION apply_role_defaults(uuid, text) OWNER TO kith_definer;
REVOKE ALL ON FUNCTION apply_role_defaults(uuid, text) FROM PUBLIC;

CREATE TABLE industries (
  organization_id  uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  name             text COLLATE "und-x-icu" NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
  created_at       timestamptz NOT NULL DEFAULT now(),
  updated_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid,
  updated_by       uuid,
  version          bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT industries_name_unique UNIQUE (organization_id, name)
);
CREATE INDEX industries_created_at ON industries (organization_id, created_at, id);
CREATE INDEX industries_updated_at ON industries (organization_id, updated_at, id);

-- The labels in use, with their colours. Using a new one makes it known.
CREATE TABLE tags (
  organization_id  uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  name             text COLLATE "und-x-icu" NOT NULL CHECK (char_length(name) BETWEEN 1 AND 60),
  color            text NOT NULL DEFAULT 'gray' CHECK (char_length(color) <= 20),
  created_at       timestamptz NOT NULL DEFAULT now(),
  updated_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid,
  updated_by       uuid,
  version          bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id)
);
CREATE UNIQUE INDEX tags_name_unique ON tags (organization_id, lower(name));
CREATE INDEX tags_name ON tags (organization_id, name, id);
CREATE INDEX tags_created_at ON tags (organization_id, created_at, id);
CREATE INDEX tags_updated_at ON tags (organization_id, updated_at, id);

CREATE TABLE custom_fields (
  organization_id  uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  entity           text NOT NULL,
  key              text NOT NULL CHECK (key ~ '^[a-z][a-z0-9_]{0,49}$'),
  label            text COLLATE "und-x-icu" NOT NULL CHECK (char_length(label) BETWEEN 1 AND 100),
  kind             text NOT NULL CHECK (kind IN ('text', 'long_text', 'email', 'phone', 'url', 'integer', 'percent', 'decimal',
                     'money', 'boolean', 'date', 'timestamp', 'choice', 'multi_choice', 'reference', 'user')),
  is_required      boolean NOT NULL DEFAULT false,
  is_unique        boolean NOT NULL DEFAULT false,
  is_filterable    boolean NOT NULL DEFAULT true,
  default_value    jsonb,
  choices          jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(choices) = 'array'),
  reference        text,
  minimum          bigint,
  maximum          bigint,
  maximum_length   integer CHECK (maximum_length BETWEEN 1 AND 50000),
  help             text CHECK (char_length(help) <= 500),
  position         integer NOT NULL DEFAULT 0,
  created_at       timestamptz NOT NULL DEFAULT now(),
  updated_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid,
  updated_by       uuid,
  version          bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT custom_fields_key_unique UNIQUE (organization_id, entity, key),
  CHECK ((kind = 'reference') = (reference IS NOT NULL)),
  CHECK (minimum <= maximum)
);
CREATE INDEX custom_fields_label ON custom_fields (organization_id, label, id);
CREATE INDEX custom_fields_position ON custom_fields (organization_id, position, id);
CREATE INDEX custom_fields_created_at ON custom_fields (organization_id, created_at, id);
CREATE INDEX custom_fields_updated_at ON custom_fields (organization_id, updated_at, id);

-- The key and kind of a field that has values stay: the values were checked against them.
CREATE FUNCTION keep_custom_field_identity() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.entity <> OLD.entity OR NEW.key <> OLD.key OR NEW.kind <> OLD.kind THEN
    RAISE EXCEPTION 'A field''s entity, key and kind cannot change. Make a new field instead.'
      USING ERRCODE = 'KT422', COLUMN = CASE WHEN NEW.kind <> OLD.kind THEN 'kind' WHEN NEW.key <> OLD.key THEN 'key' ELSE 'entity' END;
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER custom_fields_keep_identity BEFORE UPDATE ON custom_fields
  FOR EACH ROW EXECUTE FUNCTION keep_custom_field_identity();

-- Tags and filterable custom fields as plain columns, because under row security only leakproof
-- comparisons reach an index, and those of jsonb and arrays are not. Kept by triggers alone.
CREATE TABLE record_values (
  organization_id  uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  entity           text NOT NULL,
  record_id        uuid NOT NULL,
  field            text NOT NULL,
  ordinal          smallint NOT NULL,
  text_value       text COLLATE "C",
  number_value     bigint,
  is_unique        boolean NOT NULL DEFAULT false,
  -- Whose the record is, so that the policy needs no look at the record.
  owner_id         uuid,
  company_id       uuid,
  -- What the record is called: lists are sorted by it, and walk one index to their first page.
  title            text COLLATE "und-x-icu",
  PRIMARY KEY (organization_id, record_id, field, ordinal)
);
CREATE INDEX record_values_text ON record_values (organization_id, entity, field, text_value, title, record_id)
  WHERE text_value IS NOT NULL;
CREATE INDEX record_values_number ON record_values (organization_id, entity, field, number_value, record_id)
  WHERE number_value IS NOT NULL;
CREATE UNIQUE INDEX record_values_unique ON record_values (organization_id, entity, field, text_value, number_value)
  NULLS NOT DISTINCT WHERE is_unique;

-- The comparable forms of one stored value. Whole-number keys are value × 10^scale, days and
-- microseconds since 1970, as the catalogue writes them into statements.
CREATE FUNCTION value_number(kind text, value text) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE kind
    WHEN 'integer' THEN value::bigint
    WHEN 'percent' THEN value::bigint
    WHEN 'money' THEN (value::numeric * 1000)::bigint
    WHEN 'decimal' THEN (value::numeric * 10000)::bigint
    WHEN 'date' THEN (value::date - date '1970-01-01')::bigint
    WHEN 'timestamp' THEN (extract(epoch FROM value::timestamptz) * 1000000)::bigint
  END
$$;
-- Cut where an index entry of value and title together might become too long.
CREATE FUNCTION value_text(kind text, value text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN kind IN ('integer', 'percent', 'money', 'decimal', 'date', 'timestamp') THEN NULL ELSE left(value, 300) END
$$;

-- The rows of record_values that a record should have: no value of a field twice, so that a list of a
-- value's records has each once.
CREATE FUNCTION values_of(wanted_organization uuid, wanted_entity text, record uuid, tags text[], custom jsonb)
RETURNS TABLE (field text, ordinal smallint, text_value text, number_value bigint, is_unique boolean)
LANGUAGE sql STABLE AS $$
  SELECT DISTINCT ON (field, text_value, number_value) * FROM (
  SELECT 'tags', t.ordinal::smallint, lower(t.tag), NULL::bigint, false
  FROM unnest(tags) WITH ORDINALITY AS t (tag, ordinal)
  UNION ALL
  SELECT 'custom.' || f.key, v.ordinal::smallint, value_text(f.kind, v.value), value_number(f.kind, v.value), f.is_unique
  FROM custom_fields f
  CROSS JOIN LATERAL jsonb_array_elements_text(
    CASE jsonb_typeof(custom -> f.key) WHEN 'array' THEN custom -> f.key WHEN 'null' THEN '[]' ELSE jsonb_build_array(custom -> f.key) END
  ) WITH ORDINALITY AS v (value, ordinal)
  WHERE f.organization_id = wanted_organization AND f.entity = wanted_entity AND (f.is_filterable OR f.is_unique)
    AND custom ? f.key AND custom <> '{}'
  ) values (field, ordinal, text_value, number_value, is_unique)
  ORDER BY field, text_value, number_value, ordinal
$$;

-- Arguments: entity, owner column, company column, title column ('' for none). Deleted records keep their
-- rows: they can come back, and lists of deleted records are filtered too; unique values are free meanwhile.
CREATE FUNCTION index_values() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  this_entity constant text := TG_ARGV[0];
  -- The records of which something changed that stands here.
  changed uuid[];
BEGIN
  IF TG_OP = 'DELETE' THEN
    DELETE FROM record_values v USING old_rows o
    WHERE v.organization_id = o.organization_id AND v.record_id = o.id;
    RETURN NULL;
  END IF;
  IF TG_OP = 'INSERT' THEN
    changed := ARRAY(SELECT n.id FROM new_rows n WHERE n.tags <> '{}' OR n.custom_fields <> '{}');
  ELSE
    changed := ARRAY(
      SELECT n.id FROM new_rows n
      JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id
      -- OFFSET, so that each row is taken apart once.
      CROSS JOIN LATERAL (SELECT to_jsonb(n) AS after, to_jsonb(o) AS before OFFSET 0) whole
      WHERE n.tags IS DISTINCT FROM o.tags OR n.custom_fields IS DISTINCT FROM o.custom_fields OR n.deleted_at IS DISTINCT FROM o.deleted_at
        OR whole.after -> TG_ARGV[1] IS DISTINCT FROM whole.before -> TG_ARGV[1] OR whole.after -> TG_ARGV[2] IS DISTINCT FROM whole.before -> TG_ARGV[2]
        OR whole.after -> TG_ARGV[3] IS DISTINCT FROM whole.before -> TG_ARGV[3]);
    DELETE FROM record_values v USING new_rows n, unnest(changed) c (id)
    WHERE n.id = c.id AND v.organization_id = n.organization_id AND v.record_id = n.id;
  END IF;
  IF changed = '{}' THEN
    RETURN NULL;
  END IF;
  INSERT INTO record_values (organization_id, entity, record_id, field, ordinal, text_value, number_value, is_unique, owner_id, company_id, title)
  SELECT n.organization_id, this_entity, n.id, v.field, v.ordinal, v.text_value, v.number_value, v.is_unique AND n.deleted_at IS NULL,
    (whole.after ->> TG_ARGV[1])::uuid, (whole.after ->> TG_ARGV[2])::uuid, whole.after ->> TG_ARGV[3]
  FROM new_rows n JOIN unnest(changed) c (id) ON n.id = c.id
  CROSS JOIN LATERAL (SELECT to_jsonb(n) AS after OFFSET 0) whole
  CROSS JOIN LATERAL values_of(n.organization_id, this_entity, n.id, n.tags, n.custom_fields) v;
  INSERT INTO tags (organization_id, name)
  SELECT DISTINCT ON (n.organization_id, lower(t)) n.organization_id, t
  FROM new_rows n CROSS JOIN LATERAL unnest(n.tags) t
  WHERE NOT EXISTS (SELECT 1 FROM tags k WHERE k.organization_id = n.organization_id AND lower(k.name) = lower(t))
  ORDER BY n.organization_id, lower(t)
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END
$$;
ALTER FUNCTION index_values() OWNER TO kith_definer;

-- Writes a field's rows anew when it becomes filterable or unique, and removes them with the field.
CREATE FUNCTION reindex_custom_field() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  changed custom_fields := coalesce(NEW, OLD);
  table_name text;
  owner_column text;
  company_column text;
  title_column text;
BEGIN
  DELETE FROM record_values
  WHERE organization_id = changed.organization_id AND entity = changed.entity AND field = 'custom.' || changed.key;
  SELECT r.table_name, a.owner_columns[1], a.company_column, r.title_column INTO table_name, owner_column, company_column, title_column
  FROM record_tables r LEFT JOIN record_access a USING (table_name) WHERE r.entity = changed.entity;
  IF TG_OP <> 'DELETE' AND table_name IS NOT NULL THEN
    EXECUTE format(
      'INSERT INTO record_values (organization_id, entity, record_id, field, ordinal, text_value, number_value, is_unique, owner_id, company_id, title)
       SELECT t.organization_id, $1, t.id, v.field, v.ordinal, v.text_value, v.number_value, v.is_unique AND t.deleted_at IS NULL,
         (whole.after ->> %L)::uuid, (whole.after ->> %L)::uuid, whole.after ->> %L
       FROM %I t CROSS JOIN LATERAL (SELECT to_jsonb(t) AS after OFFSET 0) whole CROSS JOIN LATERAL values_of(t.organization_id, $1, t.id, ''{}'', t.custom_fields) v
       WHERE t.organization_id = $2 AND t.custom_fields ? $3 AND v.field = ''custom.'' || $3', owner_column, company_column, title_column, table_name)
    USING changed.entity, changed.organization_id, changed.key;
  END IF;
  RETURN NULL;
END
$$;
ALTER FUNCTION reindex_custom_field() OWNER TO kith_definer;
CREATE TRIGGER custom_fields_reindex AFTER INSERT OR UPDATE OF is_filterable, is_unique OR DELETE ON custom_fields
  FOR EACH ROW EXECUTE FUNCTION reindex_custom_field();

-- The entities that the acting user reads in one of these scopes.
CREATE FUNCTION entities_read_as(scopes text[]) RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN ARRAY(SELECT r.entity FROM record_tables r WHERE access_scope(r.resource, 'read') = ANY (scopes));
END
$$;
ALTER FUNCTION entities_read_as(text[]) OWNER TO kith_definer;

-- The entities whose records belong to more people than an owner and a company say; only the record
-- itself can answer who reads it.
CREATE FUNCTION entities_with_several_owners() RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT ARRAY(SELECT r.entity FROM record_tables r JOIN record_access a USING (table_name) WHERE cardinality(a.owner_columns) > 1)
$$;
ALTER FUNCTION entities_with_several_owners() OWNER TO kith_definer;

-- The condition under which the acting member reads the record that a row tells of, over the entity,
-- owner and company kept in the row, so that a list needs no look at those records. The same rule as
-- scope_condition().
CREATE FUNCTION record_condition(entity_column text, record_column text, owner_column text, company_column text)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT format($f$(
    %1$s = ANY ((SELECT entities_read_in_full())::text[])
    OR %1$s = ANY ((SELECT entities_read_as(ARRAY['assigned', 'assigned_or_unowned', 'team']))::text[])
      AND (%3$s = (SELECT current_user_id()) OR %4$s = ANY ((SELECT my_company_ids())::uuid[]))
    OR %1$s = ANY ((SELECT entities_read_as(ARRAY['assigned_or_unowned']))::text[]) AND %3$s IS NULL
    OR %1$s = ANY ((SELECT entities_read_as(ARRAY['team']))::text[]) AND %3$s = ANY ((SELECT my_team_user_ids())::uuid[])
    OR %1$s = ANY ((SELECT entities_read_as(ARRAY['active']))::text[]) AND record_visible(%1$s, %2$s))$f$,
    entity_column, record_column, owner_column, company_column)
$$;

-- Row security: the side table tells no more than the records themselves.
CALL forbid_by_default('record_values');
DO $$
BEGIN
  EXECUTE format('CREATE POLICY record_values_read ON record_values FOR SELECT TO kith_app
    USING (organization_id = current_organization_id() AND (%s
      OR entity = ANY ((SELECT entities_with_several_owners())::text[]) AND record_visible(entity, record_id)))',
    record_condition('entity', 'record_id', 'owner_id', 'company_id'));
END
$$;
GRANT SELECT ON record_values TO kith_app;

-- Search. Candidates are found past row security (its barriers keep GIN indexes from being used),
-- within the organization and the member's scope, bounded and ranked; the statement that joins them
-- runs under row security and decides what is seen. Four steps, each only when those before found
-- little: whole words, or the beginning of the only one; beginnings of all; parts of words; misspellings.
-- (A beginning costs the index every record of every word that has it, so it is not asked for while whole
-- words do.) Living records only, as the indexes of scopes are; deleted ones are found by their title.
CREATE FUNCTION search_candidates(wanted_table text, query text, bound integer)
RETURNS TABLE (id uuid, rank real)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
-- A common word may match a million rows; a sample of this size is enough to rank.
SET gin_fuzzy_search_limit = 5000 AS $$
DECLARE
  -- `@example.com` means the domain, which stands in web addresses too.
  folded text := fold_text(ltrim(btrim(left(query, 200)), '@'));
  pattern text := replace(replace(replace(folded, '\', '\\'), '%', '\%'), '_', '\_');
  words text[] := ARRAY(SELECT w FROM regexp_split_to_table(regexp_replace(folded, '[^[:alnum:]@._+-]+', ' ', 'g'), ' ') w WHERE w <> '' LIMIT 8);
  whole tsquery;
  beginnings tsquery;
  scope text := (SELECT access_scope(r.resource, 'read') FROM record_tables r WHERE r.table_name = wanted_table);
  kind text;
  owners text[];
  company_column text;
  companies uuid[];
  team uuid[];
  rows_of_scope text;
  few boolean;
  found integer := 0;
  more integer;
BEGIN
  IF scope IS NULL OR cardinality(words) = 0 THEN
    RETURN;
  END IF;
  SELECT a.kind, a.owner_columns, a.company_column INTO kind, owners, company_column
  FROM record_access a WHERE a.table_name = wanted_table;
  SELECT string_agg(quote_literal(w) || CASE WHEN cardinality(words) = 1 THEN ':*' ELSE '' END, ' & ')::tsquery,
    string_agg(quote_literal(w) || ':*', ' & ')::tsquery
  INTO whole, beginnings FROM unnest(words) w;
  rows_of_scope := format('SELECT s.id, s.search_vector, s.search_text FROM %I s WHERE s.organization_id = current_organization_id()', wanted_table)
    || CASE WHEN EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = wanted_table::regclass AND attname = 'deleted_at')
       THEN ' AND s.deleted_at IS NULL' ELSE '' END;
  -- The member's scope in the open, not as the policies' CASE: the planner then knows the rows.
  IF scope = 'active' THEN
    rows_of_scope := rows_of_scope || ' AND s.status = ''active''';
  ELSIF kind = 'about' THEN
    rows_of_scope := rows_of_scope || ' AND ' || record_condition('s.subject_type', 's.subject_id', 's.subject_owner_id', 's.subject_company_id');
  ELSIF scope <> 'all' AND kind = 'owned' THEN
    companies := my_company_ids();
    team := my_team_user_ids();
    rows_of_scope := rows_of_scope || ' AND ('
      || (SELECT string_agg(format(CASE scope WHEN 'team' THEN 's.%I = ANY ($6)' ELSE 's.%I = current_user_id()' END, name), ' OR ') FROM unnest(owners) name)
      || CASE scope WHEN 'assigned_or_unowned' THEN format(' OR s.%I IS NULL', owners[1]) ELSE '' END
      || CASE WHEN company_column IS NULL THEN '' ELSE format(' OR s.%I = ANY ($7)', company_column) END || ')';
    -- Someone who sees few rows has those rows searched, whatever the words; OFFSET keeps the two apart.
    EXECUTE format('SELECT count(*) <= 5000 FROM (SELECT 1 FROM (%s) scoped LIMIT 5001) counted', rows_of_scope)
    INTO few USING whole, bound, folded, pattern, 0, team, companies;
    IF few THEN
      rows_of_scope := rows_of_scope || ' OFFSET 0';
    ELSE
      PERFORM set_config('gin_fuzzy_search_limit', '50000', true);
    END IF;
  END IF;
  FOR step IN 1..4 LOOP
    CONTINUE WHEN step = 2 AND cardinality(words) = 1;
    -- Addresses are alike in most of their parts: whoever types one means it, or its beginning.
    CONTINUE WHEN step > 2 AND (char_length(folded) < 3 OR position('@' IN folded) > 0);
    RETURN QUERY EXECUTE format(
      'SELECT t.id, (%s)::real AS rank FROM (SELECT * FROM (%s) scoped WHERE %s LIMIT $5) t ORDER BY 2 DESC LIMIT $2',
      CASE WHEN step <= 2 THEN 'ts_rank(t.search_vector, $8) + CASE WHEN t.search_text LIKE $4 || ''%'' THEN 1 ELSE 0 END'
        ELSE 'word_similarity($3, t.search_text) / 2' END,
      rows_of_scope,
      CASE step WHEN 1 THEN 'search_vector @@ $1'
        WHEN 2 THEN 'search_vector @@ $8 AND NOT search_vector @@ $1'
        WHEN 3 THEN 'search_text LIKE ''%'' || $4 || ''%'' AND NOT search_vector @@ $8'
        ELSE '$3 <% search_text AND search_text NOT LIKE ''%'' || $4 || ''%'' AND NOT search_vector @@ $8' END)
    USING whole, bound, folded, pattern, bound * 5, team, companies, beginnings;
    GET DIAGNOSTICS more = ROW_COUNT;
    found := found + more;
    -- Parts of words fill a short list up; misspellings are for an empty one.
    EXIT WHEN found >= 10 OR step = 3 AND found > 0;
  END LOOP;
END
$$;
ALTER FUNCTION search_candidates(text, text, integer) OWNER TO kith_definer;
REVOKE ALL ON FUNCTION search_candidates(text, text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION search_candidates(text, text, integer) TO kith_app;

-- The records whose searchable text holds a part: what "contains" and "starts" on a searchable field
-- narrow by before the exact comparison. Unbounded, so that a filter never loses a row.
CREATE FUNCTION text_candidates(wanted_table text, part text) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 200 AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM record_tables r WHERE r.table_name = wanted_table) THEN
    RETURN QUERY EXECUTE format('SELECT id FROM %I WHERE organization_id = current_organization_id() AND search_text LIKE $1', wanted_table)
    USING '%' || replace(replace(replace(fold_text(left(part, 200)), '\', '\\'), '%', '\%'), '_', '\_') || '%';
  END IF;
END
$$;
ALTER FUNCTION text_candidates(text, text) OWNER TO kith_definer;
REVOKE ALL ON FUNCTION text_candidates(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION text_candidates(text, text) TO kith_app;

-- The indexes that lists need: each field led by the organization and followed by the id, so that
-- it serves equality, ranges, sorting and keyset paging. Deleted records are out of the way.
CREATE PROCEDURE index_fields(table_name text, columns text[], condition text)
LANGUAGE plpgsql AS $$
DECLARE
  column_name text;
BEGIN
  FOREACH column_name IN ARRAY columns LOOP
    EXECUTE format('CREATE INDEX %I ON %I (organization_id, %I, id)%s', table_name || '_' || column_name, table_name, column_name,
      coalesce(' WHERE ' || condition, ''));
    -- Whose a row is decides the plan of everyone with a narrow scope: the default of 100 commonest
    -- values takes whoever owns little for an average owner.
    IF column_name IN ('owner_id', 'company_id') THEN
      EXECUTE format('ALTER TABLE %I ALTER COLUMN %I SET STATISTICS 1000', table_name, column_name);
    END IF;
  END LOOP;
END
$$;

CALL index_fields('teams', ARRAY['created_at', 'updated_at'], NULL);
CALL index_fields('team_members', ARRAY['created_at'], NULL);
CALL index_fields('roles', ARRAY['name', 'created_at', 'updated_at'], NULL);

-- Everything that a main entity has besides its own columns and policies.
CREATE PROCEDURE install_entity(entity text, table_name text, title_column text, resource text, body_column text DEFAULT '')
LANGUAGE plpgsql AS $$
DECLARE
  access record_access := (SELECT a FROM record_access a WHERE a.table_name = install_entity.table_name);
  owner text := coalesce(access.owner_columns[1], '');
  company text := coalesce(access.company_column, '');
  changes boolean := EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = table_name::regclass AND attname = 'updated_at');
  about boolean := EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = table_name::regclass AND attname = 'subject_type');
BEGIN
  IF changes THEN
    -- Whose the record is that a row is about is kept in the row, and no change of the row itself.
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE ON %I FOR EACH ROW %s EXECUTE FUNCTION update_updated_at()',
      table_name || '_updated_at', table_name,
      CASE WHEN about THEN 'WHEN ((OLD.subject_id, OLD.subject_owner_id, OLD.subject_company_id) IS NOT DISTINCT FROM (OLD.subject_id, NEW.subject_owner_id, NEW.subject_company_id)
        OR OLD.subject_id IS DISTINCT FROM NEW.subject_id)' ELSE '' END);
  END IF;
  CALL keep_history(entity, table_name, title_column, resource, body_column);
  IF EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = table_name::regclass AND attname = 'custom_fields') THEN
    EXECUTE format('CREATE TRIGGER %I AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows
      FOR EACH STATEMENT EXECUTE FUNCTION index_values(%L, %L, %L, %L)', table_name || '_values_insert', table_name, entity, owner, company, title_column);
    EXECUTE format('CREATE TRIGGER %I AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
      FOR EACH STATEMENT EXECUTE FUNCTION index_values(%L, %L, %L, %L)', table_name || '_values_update', table_name, entity, owner, company, title_column);
    EXECUTE format('CREATE TRIGGER %I AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows
      FOR EACH STATEMENT EXECUTE FUNCTION index_values(%L, %L, %L, %L)', table_name || '_values_delete', table_name, entity, owner, company, title_column);
  END IF;
END
$$;

CALL declare_resource('organization', ARRAY['read', 'configure']);
CALL declare_resource('users', ARRAY['create', 'read', 'update', 'import', 'export']);
CALL declare_resource('roles', ARRAY['create', 'read', 'update', 'delete']);
CALL declare_resource('teams', ARRAY['create', 'read', 'update', 'delete', 'import', 'export']);
CALL declare_resource('industries', ARRAY['create', 'read', 'update', 'delete', 'import', 'export']);
CALL declare_resource('tags', ARRAY['create', 'read', 'update', 'delete']);
CALL declare_resource('custom_fields', ARRAY['create', 'read', 'update', 'delete']);
CALL declare_resource('activities', ARRAY['read', 'export']);
CALL declare_resource('audit_log', ARRAY['read', 'export']);
CALL declare_resource('imports', ARRAY['create', 'read', 'update']);

CALL default_grant('manager', ARRAY['organization', 'users', 'roles', 'teams', 'industries', 'tags', 'custom_fields', 'activities'], ARRAY['read'], 'all');
CALL default_grant('manager', ARRAY['teams', 'tags', 'industries'], ARRAY['create', 'update'], 'all');
CALL default_grant('manager', ARRAY['imports'], ARRAY['create', 'read', 'update'], 'all');
DO $$
DECLARE key text;
BEGIN
  FOREACH key IN ARRAY ARRAY['sales', 'support', 'finance', 'member', 'viewer'] LOOP
    CALL default_grant(key, ARRAY['organization', 'users', 'teams', 'industries', 'tags', 'custom_fields'], ARRAY['read'], 'all');
    CALL default_grant(key, ARRAY['activities'], ARRAY['read'], 'assigned');
  END LOOP;
  FOREACH key IN ARRAY ARRAY['client_admin', 'client_member', 'client_viewer'] LOOP
    CALL default_grant(key, ARRAY['organization', 'industries', 'custom_fields'], ARRAY['read'], 'all');
  END LOOP;
END
$$;
CALL default_grant('sales', ARRAY['imports'], ARRAY['create', 'read', 'update'], 'assigned');
CALL default_grant('member', ARRAY['imports'], ARRAY['create', 'read', 'update'], 'assigned');

CALL protect_shared('industries', 'industries');
CALL protect_shared('tags', 'tags');
CALL protect_shared('custom_fields', 'custom_fields');
CALL install_entity('industry', 'industries', 'name', 'industries');
CALL install_entity('tag', 'tags', 'name', 'tags');
CALL install_entity('custom_field', 'custom_fields', 'label', 'custom_fields');

-- Imports: a row a run, which the page polls and through which a run is cancelled.
CREATE TABLE imports (
  organization_id   uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id                uuid NOT NULL DEFAULT uuid_v7(),
  entity            text NOT NULL,
  file_name         text NOT NULL CHECK (char_length(file_name) <= 255),
  options           jsonb NOT NULL DEFAULT '{}',
  status            text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'completed', 'failed', 'cancelled')),
  dry_run           boolean NOT NULL DEFAULT false,
  total             integer,
  processed         integer NOT NULL DEFAULT 0,
  created           integer NOT NULL DEFAULT 0,
  updated           integer NOT NULL DEFAULT 0,
  skipped           integer NOT NULL DEFAULT 0,
  failed            integer NOT NULL DEFAULT 0,
  message           text,
  cancel_requested  boolean NOT NULL DEFAULT false,
  started_at        timestamptz,
  finished_at       timestamptz,
  heartbeat_at      timestamptz,
  created_at        timestamptz NOT NULL DEFAULT now(),
  created_by        uuid,
  PRIMARY KEY (organization_id, id)
);
CREATE INDEX imports_created_at ON imports (organization_id, created_at, id);
CREATE TABLE import_errors (
  organization_id  uuid NOT NULL,
  import_id        uuid NOT NULL,
  ordinal          bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  row_number       bigint NOT NULL,
  column_name      text,
  value            text,
  message          text NOT NULL,
  cells            text[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (organization_id, import_id, ordinal),
  FOREIGN KEY (organization_id, import_id) REFERENCES imports (organization_id, id) ON DELETE CASCADE
);
CALL forbid_by_default('imports');
CALL forbid_by_default('import_errors');
CREATE POLICY imports_read ON imports FOR SELECT TO kith_app
  USING (organization_id = current_organization_id()
    AND CASE (SELECT access_scope('imports', 'read')) WHEN 'all' THEN true WHEN 'assigned' THEN created_by = (SELECT current_user_id()) ELSE false END);
CREATE POLICY imports_create ON imports FOR INSERT TO kith_app
  WITH CHECK (organization_id = current_organization_id() AND created_by = (SELECT current_user_id())
    AND (SELECT access_scope('imports', 'create')) IS NOT NULL);
CREATE POLICY imports_update ON imports FOR UPDATE TO kith_app
  USING (organization_id = current_organization_id()
    AND CASE (SELECT access_scope('imports', 'update')) WHEN 'all' THEN true WHEN 'assigned' THEN created_by = (SELECT current_user_id()) ELSE false END);
GRANT SELECT, INSERT, UPDATE ON imports TO kith_app;
CREATE POLICY import_errors_read ON import_errors FOR SELECT TO kith_app
  USING (organization_id = current_organization_id()
    AND EXISTS (SELECT 1 FROM imports i WHERE i.organization_id = import_errors.organization_id AND i.id = import_errors.import_id));
CREATE POLICY import_errors_create ON import_errors FOR INSERT TO kith_app
  WITH CHECK (organization_id = current_organization_id()
    AND EXISTS (SELECT 1 FROM imports i WHERE i.organization_id = import_errors.organization_id AND i.id = import_errors.import_id));
GRANT SELECT, INSERT ON import_errors TO kith_app;

-- Members as one list of people: the person, their role and place in the organization. Readable and
-- writable like a table; the trigger decides what may be written.
CREATE VIEW members WITH (security_invoker = true) AS
SELECT m.organization_id, m.user_id AS id, u.full_name, u.email, u.phone, u.avatar_url, m.job_title, m.role_id, m.status,
  m.manager_id, m.team_id, u.is_verified, u.last_login_at, m.created_at, m.created_by, m.updated_at, m.updated_by, m.version
FROM memberships m JOIN users u ON u.id = m.user_id;
GRANT SELECT, INSERT, UPDATE ON members TO kith_app;

-- Adding a person: someone new, known by name and perhaps address, who cannot sign in until invited.
-- Changing a person: their place in this organization; who they are only while they have never
-- signed in, because other organizations know them too.
CREATE FUNCTION write_member() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  acting_owner boolean := has_role(current_user_id(), 'owner');
  owner_role uuid := (SELECT id FROM roles WHERE organization_id = current_organization_id() AND key = 'owner');
BEGIN
  IF (SELECT access_scope('users', CASE TG_OP WHEN 'INSERT' THEN 'create' ELSE 'update' END)) IS DISTINCT FROM 'all'
    OR NEW.organization_id IS DISTINCT FROM current_organization_id() THEN
    RAISE EXCEPTION 'You may not manage the people of this organization.' USING ERRCODE = 'KT403';
  END IF;
  IF NEW.role_id = owner_role AND NOT acting_owner AND (TG_OP = 'INSERT' OR OLD.role_id <> owner_role)
    OR TG_OP = 'UPDATE' AND OLD.role_id = owner_role AND NOT acting_owner THEN
    RAISE EXCEPTION 'Only an owner may make, change or remove an owner.' USING ERRCODE = 'KT403', COLUMN = 'role_id';
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF NEW.email IS NOT NULL AND EXISTS (SELECT 1 FROM users WHERE email = NEW.email) THEN
      RAISE EXCEPTION 'This address cannot be added here. Invite the person instead.' USING ERRCODE = 'KT409', COLUMN = 'email';
    END IF;
    INSERT INTO users (id, full_name, email, phone) VALUES (NEW.id, NEW.full_name, NEW.email, NEW.phone);
    INSERT INTO memberships (organization_id, user_id, role_id, status, job_title, manager_id, team_id, created_by)
    VALUES (NEW.organization_id, NEW.id, NEW.role_id, 'invited', NEW.job_title, NEW.manager_id, NEW.team_id, current_user_id())
    RETURNING created_at, created_by, updated_at, updated_by, version, status
    INTO NEW.created_at, NEW.created_by, NEW.updated_at, NEW.updated_by, NEW.version, NEW.status;
    NEW.is_verified := false;
    RETURN NEW;
  END IF;
  IF (NEW.full_name, NEW.email, NEW.phone) IS DISTINCT FROM (OLD.full_name, OLD.email, OLD.phone) THEN
    UPDATE users SET full_name = NEW.full_name, email = NEW.email, phone = NEW.phone, updated_at = now()
    WHERE id = OLD.id AND password_hash IS NULL
      AND NOT EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = OLD.id AND m.organization_id <> OLD.organization_id);
    -- The place in the organization keeps its own history; who the person is stands in another table.
    INSERT INTO audit_log (organization_id, entity_type, record_id, action, version, old_values, new_values, changed_fields,
      user_id, change_set_id, origin, ip_address, user_agent)
    SELECT OLD.organization_id, 'user', OLD.id, 'UPDATE', OLD.version + 1,
      jsonb_object_agg(o.key, o.value), jsonb_object_agg(o.key, n.value), array_agg(o.key), current_user_id(), current_change_set_id(),
      nullif(current_setting('kith.origin', true), ''), nullif(current_setting('kith.ip', true), '')::inet,
      nullif(current_setting('kith.user_agent', true), '')
    FROM jsonb_each(jsonb_build_object('full_name', OLD.full_name, 'email', OLD.email, 'phone', OLD.phone)) o
    JOIN jsonb_each(jsonb_build_object('full_name', NEW.full_name, 'email', NEW.email, 'phone', NEW.phone)) n USING (key)
    WHERE o.value IS DISTINCT FROM n.value
    HAVING count(*) > 0;
    IF NOT EXISTS (SELECT 1 FROM users u WHERE u.id = OLD.id
        AND (u.full_name, u.email::text, u.phone::text) IS NOT DISTINCT FROM (NEW.full_name, NEW.email::text, NEW.phone::text)) THEN
      RAISE EXCEPTION 'This person has an account and changes their own name, address and phone.' USING ERRCODE = 'KT403', COLUMN = 'full_name';
    END IF;
  END IF;
  IF NEW.status = 'active' AND OLD.status = 'invited' THEN
    RAISE EXCEPTION 'An invited person becomes active by accepting the invitation.' USING ERRCODE = 'KT422', COLUMN = 'status';
  END IF;
  UPDATE memberships SET role_id = NEW.role_id, status = NEW.status, job_title = NEW.job_title, manager_id = NEW.manager_id,
    team_id = NEW.team_id
  WHERE organization_id = OLD.organization_id AND user_id = OLD.id
  RETURNING updated_at, updated_by, version INTO NEW.updated_at, NEW.updated_by, NEW.version;
  RETURN NEW;
END
$$;
ALTER FUNCTION write_member() OWNER TO kith_definer;
CREATE TRIGGER members_write INSTEAD OF INSERT OR UPDATE ON members FOR EACH ROW EXECUTE FUNCTION write_member();
