-- Duplicates and merging: by what two records are taken for the same, pairs that people said are not, merges
-- that move every reference and can be undone, and the ids that lost records go on being known by.

-- By what records are compared, as plain columns: under row security nothing else reaches an index.
CREATE FUNCTION mail_key(address text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
  -- What follows a plus is the reader's own; one large provider ignores dots and has two names.
  SELECT CASE WHEN domain IN ('gmail.com', 'googlemail.com') THEN replace(mailbox, '.', '') || '@gmail.com' ELSE mailbox || '@' || domain END
  FROM (SELECT coalesce(nullif(split_part(split_part(lower(address), '@', 1), '+', 1), ''), split_part(lower(address), '@', 1)) AS mailbox,
    split_part(lower(address), '@', 2) AS domain) parts
$$;

-- A name without accents, punctuation and the words that only say what kind of company it is.
CREATE FUNCTION name_key(name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
  SELECT nullif(left(coalesce(
    nullif(btrim(regexp_replace(regexp_replace(words,
      '\m(the|and|inc|incorporated|llc|llp|lp|ltd|limited|gmbh|mbh|ag|kg|kgaa|ohg|ug|co|corp|corporation|company|plc|sa|sas|sarl|srl|spa|bv|nv|oy|ab|aps|pty)\M', ' ', 'g'),
      ' +', ' ', 'g')), ''), words), 200), '')
  FROM (SELECT btrim(regexp_replace(replace(public.fold_text(name), '''', ''), '[^[:alnum:]]+', ' ', 'g')) AS words) folded
$$;

ALTER TABLE companies
  ADD COLUMN email_key text COLLATE "C" GENERATED ALWAYS AS (mail_key(email)) STORED,
  ADD COLUMN name_key text COLLATE "C" GENERATED ALWAYS AS (name_key(name)) STORED;
ALTER TABLE contacts
  ADD COLUMN email_key text COLLATE "C" GENERATED ALWAYS AS (mail_key(email)) STORED,
  ADD COLUMN full_name_key text COLLATE "C" GENERATED ALWAYS AS (name_key(coalesce(first_name || ' ' || last_name, first_name, last_name))) STORED;
ALTER TABLE leads
  ADD COLUMN email_key text COLLATE "C" GENERATED ALWAYS AS (mail_key(email)) STORED,
  ADD COLUMN full_name_key text COLLATE "C" GENERATED ALWAYS AS (
    name_key(coalesce(first_name || ' ' || last_name, first_name, last_name, company_name))) STORED;

CREATE PROCEDURE index_identities(table_name text, columns text[])
LANGUAGE plpgsql AS $$
DECLARE
  column_name text;
BEGIN
  FOREACH column_name IN ARRAY columns LOOP
    EXECUTE format('CREATE INDEX %I ON %I (organization_id, %I, id) WHERE deleted_at IS NULL AND %I IS NOT NULL',
      table_name || '_' || column_name || '_identity', table_name, column_name, column_name);
  END LOOP;
END
$$;
CALL index_identities('companies', ARRAY['email_key', 'phone', 'name_key']);
CALL index_identities('contacts', ARRAY['email_key', 'phone', 'mobile', 'full_name_key']);
CALL index_identities('leads', ARRAY['email_key', 'phone', 'full_name_key']);

-- Derived columns are no news. Which they are was written into each history trigger when it was made; this
-- writes it anew for columns that came later.
CREATE PROCEDURE refresh_histories()
LANGUAGE plpgsql AS $$
DECLARE
  history record;
  ignored text[];
  arguments text[];
BEGIN
  FOR history IN
    SELECT t.tgrelid, t.tgname, t.tgargs, pg_get_triggerdef(t.oid) AS definition, r.table_name
    FROM record_tables r JOIN pg_trigger t ON t.tgrelid = r.table_name::regclass
    WHERE t.tgfoid = 'record_history'::regproc
  LOOP
    arguments := string_to_array(encode(history.tgargs, 'escape'), '\000');
    ignored := ARRAY(
      SELECT a.attname::text FROM pg_attribute a
      WHERE a.attrelid = history.tgrelid AND a.attnum > 0 AND NOT a.attisdropped
        AND (a.attgenerated <> '' OR a.attname = ANY (arguments[3]::text[])));
    CONTINUE WHEN ignored @> arguments[3]::text[] AND ignored <@ arguments[3]::text[];
    EXECUTE format('DROP TRIGGER %I ON %I', history.tgname, history.table_name);
    EXECUTE regexp_replace(history.definition, 'record_history\(.*\)$',
      format('record_history(%L, %L, %L, %L, %L)', arguments[1], arguments[2], ignored::text, arguments[4], arguments[5]));
  END LOOP;
END
$$;
CALL refresh_histories();

-- What a role may do with one record, asked of the record's own policies: the text of the policy is evaluated
-- as the acting user, so that the answer is the policy's. For changing, the row has to be within the scope as it
-- stands; what is only there to be taken does not count.
GRANT SELECT ON record_tables, record_access TO kith_app;
CREATE FUNCTION policy_text(of_table regclass, command "char") RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT coalesce('(' || string_agg(condition, ' OR ') FILTER (WHERE permissive) || ')', 'false')
    || coalesce(' AND ' || string_agg(condition, ' AND ') FILTER (WHERE NOT permissive), '')
  FROM (
    SELECT p.polpermissive AS permissive, '(' || CASE WHEN command = 'w' THEN coalesce(pg_get_expr(p.polwithcheck, p.polrelid), pg_get_expr(p.polqual, p.polrelid))
      ELSE pg_get_expr(p.polqual, p.polrelid) END || ')' AS condition
    FROM pg_policy p
    WHERE p.polrelid = of_table AND p.polcmd IN (command, '*') AND p.polroles && ARRAY[0::oid, 'kith_app'::regrole::oid]
  ) policies
$$;
-- The condition under which a row may be hidden: what its guard asks (0003), or nothing more than for changing it.
CREATE FUNCTION hiding_text(of_table regclass) RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT coalesce((
    SELECT scope_condition(args[1], 'delete', CASE WHEN args[2] = '' THEN '{}' ELSE string_to_array(args[2], ',') END, nullif(args[3], ''), false,
      coalesce(string_to_array(nullif(args[4], ''), ','), '{}'))
    FROM pg_trigger t CROSS JOIN LATERAL (SELECT string_to_array(encode(t.tgargs, 'escape'), '\000') AS args) a
    WHERE t.tgrelid = of_table AND t.tgfoid = 'guard_record'::regproc LIMIT 1), 'true')
$$;
-- `of_table` may be a view; what it shows is asked of it, what may be changed of its own policies.
CREATE FUNCTION row_allows(of_table text, record uuid, action text) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
  target constant regclass := of_table::regclass;
  hidden constant boolean := EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = target AND attname = 'deleted_at');
  answer boolean;
BEGIN
  EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I WHERE organization_id = current_organization_id() AND id = $1 AND (%s))', of_table,
    CASE
      WHEN action = 'read' THEN 'true'
      -- People are written through a view, whose trigger decides.
      WHEN of_table IN ('members', 'memberships') THEN format('%L = ''update'' AND access_scope(''users'', ''update'') = ''all''
        AND (role_id <> owner_role_id() OR has_role(current_user_id(), ''owner''))', action)
      WHEN action = 'update' OR hidden THEN
        CASE WHEN has_any_column_privilege('kith_app', target, 'UPDATE') THEN policy_text(target, 'w') ELSE 'false' END
        || CASE WHEN action = 'delete' THEN ' AND ' || hiding_text(target) ELSE '' END
      ELSE CASE WHEN has_table_privilege('kith_app', target, 'DELETE') THEN policy_text(target, 'd') ELSE 'false' END
    END)
  INTO answer USING record;
  RETURN answer;
END
$$;
CREATE FUNCTION record_allows(entity text, record uuid, action text) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN coalesce(row_allows((SELECT r.table_name FROM record_tables r WHERE r.entity = record_allows.entity), record, action), false);
END
$$;

-- The entities whose records can be merged.
CREATE TABLE merging_entities (
  entity       text PRIMARY KEY REFERENCES record_tables (entity) ON DELETE CASCADE,
  -- What is kept by adding up: the record that stays has both, and gives the other's back.
  sum_columns  text[] NOT NULL DEFAULT '{}'
);
GRANT SELECT ON merging_entities TO kith_app, kith_definer;

-- One merge. Making the row is the merge, and setting `undone_at` undoes it: who may do either is its row
-- security, which asks the policies of both records.
CREATE TABLE merges (
  organization_id  uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  entity           text NOT NULL REFERENCES merging_entities (entity),
  winner_id        uuid NOT NULL,
  loser_id         uuid NOT NULL,
  change_set_id    uuid DEFAULT current_change_set_id(),
  created_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid DEFAULT current_user_id(),
  undone_at        timestamptz,
  undone_by        uuid,
  PRIMARY KEY (organization_id, id),
  CHECK (winner_id <> loser_id)
);
CREATE UNIQUE INDEX merges_loser ON merges (organization_id, loser_id) WHERE undone_at IS NULL;
CREATE INDEX merges_winner ON merges (organization_id, winner_id, id);
CALL forbid_by_default('merges');
CREATE POLICY merges_read ON merges FOR SELECT TO kith_app
  USING (organization_id = current_organization_id() AND record_visible(entity, winner_id));
CREATE POLICY merges_create ON merges FOR INSERT TO kith_app
  WITH CHECK (organization_id = current_organization_id() AND created_by = (SELECT current_user_id()) AND undone_at IS NULL
    AND record_allows(entity, winner_id, 'update') AND record_allows(entity, loser_id, 'update') AND record_allows(entity, loser_id, 'delete'));
CREATE POLICY merges_undo ON merges FOR UPDATE TO kith_app
  USING (organization_id = current_organization_id() AND undone_at IS NULL
    AND record_allows(entity, winner_id, 'update') AND record_allows(entity, loser_id, 'update') AND record_allows(entity, loser_id, 'delete'))
  WITH CHECK (organization_id = current_organization_id() AND undone_by = (SELECT current_user_id()));
GRANT SELECT, INSERT (organization_id, id, entity, winner_id, loser_id), UPDATE (undone_at, undone_by) ON merges TO kith_app;

-- What a merge moved, in the order in which it did:
--   moved    rows of which `column_name` pointed at the one and points at the other now
--   cleared  rows that would have pointed at themselves
--   lowered  rows of which the flag `column_name` was taken down, since only one may have it
--   hidden   rows that were there twice, hidden
--   removed  rows that were there twice, with what they were
--   custom   rows whose own field `column_name` pointed at the one
CREATE TABLE merge_moves (
  organization_id  uuid NOT NULL,
  merge_id         uuid NOT NULL,
  ordinal          integer NOT NULL,
  what             text NOT NULL CHECK (what IN ('moved', 'cleared', 'lowered', 'hidden', 'removed', 'custom')),
  table_name       text NOT NULL,
  column_name      text,
  from_id          uuid NOT NULL,
  to_id            uuid NOT NULL,
  -- The rows, by their primary key without the organization.
  keys             jsonb[] NOT NULL DEFAULT '{}',
  rows             jsonb[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (organization_id, merge_id, ordinal),
  FOREIGN KEY (organization_id, merge_id) REFERENCES merges (organization_id, id) ON DELETE CASCADE
);
CALL forbid_by_default('merge_moves');

-- The ids of merged records, and the records that they mean now. One that was merged further leads on.
CREATE TABLE record_aliases (
  organization_id  uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id               uuid NOT NULL,
  entity           text NOT NULL,
  target_id        uuid NOT NULL,
  created_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid,
  PRIMARY KEY (organization_id, id)
);
CREATE INDEX record_aliases_target ON record_aliases (organization_id, target_id);
CALL forbid_by_default('record_aliases');

-- What merged records mean now, for those among the ids that were merged. Tells an id of whoever has the old
-- one; whether they may read that record is the record's to say.
CREATE FUNCTION aliases_of(wanted_entity text, ids uuid[]) RETURNS TABLE (id uuid, target_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH RECURSIVE chain AS (
    SELECT a.id AS first_id, a.target_id, 1 AS step FROM record_aliases a
    WHERE a.organization_id = current_organization_id() AND a.entity = wanted_entity AND a.id = ANY (ids)
    UNION ALL
    SELECT c.first_id, a.target_id, c.step + 1 FROM chain c
    JOIN record_aliases a ON a.organization_id = current_organization_id() AND a.entity = wanted_entity AND a.id = c.target_id
    WHERE c.step < 1000
  )
  SELECT DISTINCT ON (c.first_id) c.first_id, c.target_id FROM chain c ORDER BY c.first_id, c.step DESC;
END
$$;

-- Pairs that look alike and were said to be two, the smaller id first.
CREATE TABLE distinct_records (
  organization_id  uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  entity           text NOT NULL REFERENCES merging_entities (entity),
  first_id         uuid NOT NULL,
  second_id        uuid NOT NULL,
  created_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid DEFAULT current_user_id(),
  PRIMARY KEY (organization_id, first_id, second_id),
  CHECK (first_id < second_id)
);
CREATE INDEX distinct_records_second ON distinct_records (organization_id, second_id);
CALL forbid_by_default('distinct_records');
DO $$
DECLARE
  seen constant text := 'organization_id = current_organization_id() AND record_visible(entity, first_id) AND record_visible(entity, second_id)';
  changeable constant text := ' AND (record_allows(entity, first_id, ''update'') OR record_allows(entity, second_id, ''update''))';
BEGIN
  EXECUTE format('CREATE POLICY distinct_records_read ON distinct_records FOR SELECT TO kith_app USING (%s)', seen);
  EXECUTE format('CREATE POLICY distinct_records_create ON distinct_records FOR INSERT TO kith_app WITH CHECK (%s AND created_by = (SELECT current_user_id()))', seen || changeable);
  EXECUTE format('CREATE POLICY distinct_records_delete ON distinct_records FOR DELETE TO kith_app USING (%s)', seen || changeable);
END
$$;
GRANT SELECT, INSERT (organization_id, entity, first_id, second_id), DELETE ON distinct_records TO kith_app;

-- Every column that can point at a record of an entity, from the database's own foreign keys, and the pairs of
-- entity and id that stand without one. `set_column` is what has to be written to move it: for a key that
-- follows from what a row is about, that. A row whose primary key is the reference is part of the record and
-- stays with it (`is_part`). The trails keep the names that things had.
CREATE FUNCTION references_to(wanted_entity text)
RETURNS TABLE (table_name text, column_name text, set_column text, condition text, on_delete "char", is_part boolean, required boolean)
LANGUAGE sql STABLE AS $$
  SELECT c.conrelid::regclass::text, a.attname::text,
    CASE WHEN a.attgenerated <> '' AND EXISTS (SELECT 1 FROM pg_attribute s WHERE s.attrelid = c.conrelid AND s.attname = 'subject_id') THEN 'subject_id' ELSE a.attname::text END,
    'true', c.confdeltype,
    EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indisprimary
      AND (SELECT array_agg(k.attname::text) FROM unnest(i.indkey::smallint[]) n JOIN pg_attribute k ON k.attrelid = i.indrelid AND k.attnum = n
           WHERE k.attname <> 'organization_id') = ARRAY[a.attname::text]),
    a.attnotnull
  FROM record_tables r
  JOIN pg_constraint c ON c.confrelid = r.table_name::regclass AND c.contype = 'f' AND c.conparentid = 0
  CROSS JOIN LATERAL unnest(c.conkey, c.confkey) AS pair (own, other)
  JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = pair.own
  JOIN pg_attribute o ON o.attrelid = c.confrelid AND o.attnum = pair.other AND o.attname = 'id'
  WHERE r.entity = wanted_entity
  UNION ALL
  SELECT t.oid::regclass::text, i.attname::text, i.attname::text, format('%I = %L', e.attname, wanted_entity), 'x', false, i.attnotnull
  FROM pg_class t
  JOIN pg_attribute e ON e.attrelid = t.oid AND e.attname IN ('entity_type', 'entity')
  JOIN pg_attribute i ON i.attrelid = t.oid AND i.attname = CASE e.attname WHEN 'entity_type' THEN 'entity_id' ELSE 'record_id' END AND i.atttypid = 'uuid'::regtype
  WHERE t.relkind IN ('r', 'p') AND NOT t.relispartition AND t.relnamespace = 'public'::regnamespace
    AND t.relname NOT IN ('audit_log', 'events', 'record_values')
    AND EXISTS (SELECT 1 FROM pg_attribute g WHERE g.attrelid = t.oid AND g.attname = 'organization_id')
  ORDER BY 1, 2
$$;

-- The columns of a table's primary key besides the organization, as the text of an object, without one of them.
CREATE FUNCTION key_text(of_table text, without text) RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT format('jsonb_build_object(%s)', coalesce(string_agg(format('%L, %I', k.attname, k.attname), ', ' ORDER BY k.attnum), ''))
  FROM pg_index i CROSS JOIN unnest(i.indkey::smallint[]) n JOIN pg_attribute k ON k.attrelid = i.indrelid AND k.attnum = n
  WHERE i.indrelid = of_table::regclass AND i.indisprimary AND k.attname NOT IN ('organization_id', coalesce(without, ''))
$$;

CREATE FUNCTION note_move(of_organization uuid, of_merge uuid, new_what text, of_table text, of_column text, old_id uuid, new_id uuid,
  new_keys jsonb[], new_rows jsonb[]) RETURNS void
LANGUAGE sql SET search_path = public, pg_temp AS $$
  INSERT INTO merge_moves (organization_id, merge_id, ordinal, what, table_name, column_name, from_id, to_id, keys, rows)
  SELECT of_organization, of_merge, (SELECT coalesce(max(m.ordinal), 0) + 1 FROM merge_moves m WHERE m.organization_id = of_organization AND m.merge_id = of_merge),
    new_what, of_table, of_column, old_id, new_id, new_keys, new_rows
  WHERE cardinality(new_keys) > 0
$$;

-- Moves what points at one record of a table to another of it. Where both have what only one may have, the
-- mover's flag is taken down, or its row goes, and what points at that row moves on to its twin first.
CREATE FUNCTION move_references(of_merge merges, wanted_entity text, old_id uuid, new_id uuid, depth integer) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  organization constant uuid := of_merge.organization_id;
  own_table constant text := (SELECT t.table_name FROM record_tables t WHERE t.entity = wanted_entity);
  ref record;
  index record;
  twin record;
  twin_entity text;
  flag text;
  hides boolean;
  key text;
  parts text;
  same text;
  hits jsonb[];
  gone jsonb[];
  touched bigint;
BEGIN
  IF depth > 5 THEN
    RAISE EXCEPTION 'too much hangs on these two records to merge them' USING ERRCODE = 'KT409';
  END IF;
  FOR ref IN SELECT * FROM references_to(wanted_entity) WHERE NOT is_part LOOP
    key := key_text(ref.table_name, NULL);
    IF ref.table_name = own_table THEN
      EXECUTE format('UPDATE %1$I SET %2$I = NULL WHERE organization_id = $1 AND id = $2 AND %3$I = $3', ref.table_name, ref.set_column, ref.column_name)
      USING organization, new_id, old_id;
      GET DIAGNOSTICS touched = ROW_COUNT;
      IF touched > 0 THEN
        PERFORM note_move(organization, of_merge.id, 'cleared', ref.table_name, ref.set_column, old_id, new_id,
          ARRAY[jsonb_build_object('id', new_id)], '{}');
      END IF;
    END IF;
    FOR index IN
      SELECT i.indexrelid, i.indnullsnotdistinct, pg_get_expr(i.indpred, i.indrelid) AS predicate,
        ARRAY(SELECT pg_get_indexdef(i.indexrelid, n, true) FROM generate_series(1, i.indnkeyatts) n) AS columns
      FROM pg_index i WHERE i.indrelid = ref.table_name::regclass AND i.indisunique
    LOOP
      CONTINUE WHEN NOT (ref.column_name = ANY (index.columns) OR ref.set_column = ANY (index.columns));
      SELECT coalesce(string_agg(format('(%s) AS k%s', c.name, c.place), ', '), 'true AS k0'),
        coalesce(string_agg(format(CASE WHEN index.indnullsnotdistinct THEN 'l.k%1$s IS NOT DISTINCT FROM w.k%1$s' ELSE 'l.k%1$s = w.k%1$s' END, c.place), ' AND '), 'true')
      INTO parts, same
      FROM unnest(index.columns) WITH ORDINALITY AS c (name, place)
      WHERE c.name NOT IN ('organization_id', ref.column_name, ref.set_column);
      flag := (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = ref.table_name::regclass AND a.atttypid = 'boolean'::regtype
        AND a.attnum > 0 AND a.attgenerated = '' AND index.predicate ~ ('\m' || a.attname || '\M') LIMIT 1);
      hides := flag IS NULL AND index.predicate ~ '\mdeleted_at\M';
      hits := '{}'; gone := '{}';
      FOR twin IN EXECUTE format(
        'SELECT l.key, l.id, w.id AS twin_id FROM (SELECT %1$s AS key, %6$s AS id, %2$s FROM %3$I WHERE organization_id = $1 AND %4$I = $2 AND (%5$s) AND (%7$s)) l
         JOIN (SELECT %6$s AS id, %2$s FROM %3$I WHERE organization_id = $1 AND %4$I = $3 AND (%5$s) AND (%7$s)) w ON %8$s',
        key, parts, ref.table_name, ref.column_name, ref.condition,
        CASE WHEN EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = ref.table_name::regclass AND a.attname = 'id') THEN 'id' ELSE 'NULL::uuid' END,
        coalesce(index.predicate, 'true'), same)
      USING organization, old_id, new_id LOOP
        hits := hits || twin.key;
        twin_entity := (SELECT t.entity FROM record_tables t WHERE t.table_name = ref.table_name);
        IF flag IS NULL AND NOT hides AND twin.id IS NOT NULL AND twin_entity IS NOT NULL THEN
          PERFORM move_references(of_merge, twin_entity, twin.id, twin.twin_id, depth + 1);
        END IF;
      END LOOP;
      CONTINUE WHEN cardinality(hits) = 0;
      IF flag IS NOT NULL THEN
        EXECUTE format('UPDATE %I SET %I = false WHERE organization_id = $1 AND %I = $2 AND %s = ANY ($3)', ref.table_name, flag, ref.column_name, key)
        USING organization, old_id, hits;
        PERFORM note_move(organization, of_merge.id, 'lowered', ref.table_name, flag, old_id, new_id, hits, '{}');
      ELSIF hides THEN
        EXECUTE format('UPDATE %I SET deleted_at = now() WHERE organization_id = $1 AND %I = $2 AND %s = ANY ($3)', ref.table_name, ref.column_name, key)
        USING organization, old_id, hits;
        PERFORM note_move(organization, of_merge.id, 'hidden', ref.table_name, NULL, old_id, new_id, hits, '{}');
      ELSE
        EXECUTE format('WITH gone AS (DELETE FROM %I t WHERE organization_id = $1 AND %I = $2 AND %s = ANY ($3) RETURNING to_jsonb(t) AS whole)
          SELECT array_agg(whole) FROM gone', ref.table_name, ref.column_name, key)
        INTO gone USING organization, old_id, hits;
        PERFORM note_move(organization, of_merge.id, 'removed', ref.table_name, ref.column_name, old_id, new_id, hits, coalesce(gone, '{}'));
      END IF;
    END LOOP;
    key := key_text(ref.table_name, ref.set_column);
    EXECUTE format('WITH moved AS (UPDATE %1$I SET %2$I = $3 WHERE organization_id = $1 AND %3$I = $2 AND (%4$s) RETURNING %5$s AS key)
      SELECT coalesce(array_agg(key), ''{}'') FROM moved', ref.table_name, ref.set_column, ref.column_name, ref.condition, key)
    INTO hits USING organization, old_id, new_id;
    PERFORM note_move(organization, of_merge.id, 'moved', ref.table_name, ref.set_column, old_id, new_id, hits, '{}');
  END LOOP;
  -- The organization's own fields that point at records of this entity.
  FOR ref IN
    SELECT t.table_name, f.key, f.entity, f.is_filterable OR f.is_unique AS has_values
    FROM custom_fields f JOIN record_tables t ON t.entity = f.entity
    WHERE f.organization_id = organization AND f.kind = 'reference' AND f.reference = wanted_entity
  LOOP
    EXECUTE format('WITH moved AS (UPDATE %I SET custom_fields = jsonb_set(custom_fields, ARRAY[$4], to_jsonb($3))
        WHERE organization_id = $1 AND custom_fields ->> $4 = $2::text AND %s RETURNING jsonb_build_object(''id'', id) AS key)
      SELECT coalesce(array_agg(key), ''{}'') FROM moved', ref.table_name,
      CASE WHEN ref.has_values THEN 'id IN (SELECT v.record_id FROM record_values v WHERE v.organization_id = $1 AND v.entity = $5
        AND v.field = ''custom.'' || $4 AND v.text_value = $2::text)' ELSE '$5 IS NOT NULL' END)
    INTO hits USING organization, old_id, new_id, ref.key, ref.entity;
    PERFORM note_move(organization, of_merge.id, 'custom', ref.table_name, ref.key, old_id, new_id, hits, '{}');
  END LOOP;
END
$$;

-- Whether a record hangs below itself by one of its entity's own references.
CREATE FUNCTION refuse_circles(of_merge merges) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  own_table constant text := (SELECT t.table_name FROM record_tables t WHERE t.entity = of_merge.entity);
  ref record;
  circle boolean;
BEGIN
  FOR ref IN SELECT * FROM references_to(of_merge.entity) WHERE table_name = own_table LOOP
    EXECUTE format('WITH RECURSIVE above AS (
        SELECT %2$I AS id FROM %1$I WHERE organization_id = $1 AND id = $2
        UNION SELECT t.%2$I FROM above a JOIN %1$I t ON t.organization_id = $1 AND t.id = a.id)
      SELECT EXISTS (SELECT 1 FROM above WHERE id = $2)', own_table, ref.column_name)
    INTO circle USING of_merge.organization_id, of_merge.winner_id;
    IF circle THEN
      RAISE EXCEPTION 'Merging these two would put a record below itself. Change what lies between them first.'
        USING ERRCODE = 'KT409', COLUMN = ref.column_name;
    END IF;
  END LOOP;
END
$$;

-- Adds what the one that goes has of what is added up, or takes it away again.
CREATE FUNCTION add_sums(of_merge merges, sign integer) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  own_table constant text := (SELECT t.table_name FROM record_tables t WHERE t.entity = of_merge.entity);
  sum_column text;
BEGIN
  FOR sum_column IN SELECT unnest(m.sum_columns) FROM merging_entities m WHERE m.entity = of_merge.entity LOOP
    EXECUTE format('UPDATE %1$I w SET %2$I = greatest(w.%2$I + $4 * l.%2$I, 0) FROM %1$I l
      WHERE w.organization_id = $1 AND w.id = $2 AND l.organization_id = $1 AND l.id = $3 AND l.%2$I <> 0', own_table, sum_column)
    USING of_merge.organization_id, of_merge.winner_id, of_merge.loser_id, sign;
  END LOOP;
END
$$;

-- Leaves a merge, or its undoing, in the trail, the timeline and the feed of the record that stays.
CREATE FUNCTION tell_merge(of_merge merges, undone boolean) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  target record_tables := (SELECT t FROM record_tables t WHERE t.entity = of_merge.entity);
  title text;
  other text;
  its_version bigint;
BEGIN
  EXECUTE format('SELECT w.%1$I, l.%1$I, w.version FROM %2$I w JOIN %2$I l USING (organization_id) WHERE organization_id = $1 AND w.id = $2 AND l.id = $3',
    target.title_column, target.table_name)
  INTO title, other, its_version USING of_merge.organization_id, of_merge.winner_id, of_merge.loser_id;
  INSERT INTO audit_log (organization_id, entity_type, record_id, action, version, new_values, user_id, change_set_id, origin, ip_address, user_agent)
  SELECT of_merge.organization_id, of_merge.entity, record, 'MERGE', its_version,
    jsonb_build_object('merge_id', of_merge.id, 'winner_id', of_merge.winner_id, 'loser_id', of_merge.loser_id, 'undone', undone),
    current_user_id(), current_change_set_id(), nullif(current_setting('kith.origin', true), ''),
    nullif(current_setting('kith.ip', true), '')::inet, nullif(current_setting('kith.user_agent', true), '')
  FROM unnest(ARRAY[of_merge.winner_id, of_merge.loser_id]) record;
  INSERT INTO activities (organization_id, type, subject, description, entity_type, entity_id, user_id, created_by, change_set_id, metadata)
  VALUES (of_merge.organization_id, 'merged', title, CASE WHEN undone THEN 'Undid the merge with ' ELSE 'Merged with ' END || coalesce(nullif(other, ''), 'another record'),
    of_merge.entity, of_merge.winner_id, current_user_id(), current_user_id(), current_change_set_id(),
    jsonb_build_object('merge_id', of_merge.id, 'loser_id', of_merge.loser_id, 'undone', undone));
  INSERT INTO events (organization_id, entity, record_id, action, version, changed, actor_id, change_set_id)
  VALUES (of_merge.organization_id, of_merge.entity, of_merge.winner_id, 'updated', its_version, ARRAY['merged'], current_user_id(), current_change_set_id());
END
$$;

CREATE FUNCTION perform_merge() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  own_table constant text := (SELECT t.table_name FROM record_tables t WHERE t.entity = NEW.entity);
  living integer;
BEGIN
  -- In the order of their ids, so that two merges cannot wait for each other; and against new references to the
  -- one that goes.
  EXECUTE format('SELECT count(*) FROM (SELECT 1 FROM %I WHERE organization_id = $1 AND id IN ($2, $3) AND deleted_at IS NULL ORDER BY id FOR UPDATE) locked', own_table)
  INTO living USING NEW.organization_id, NEW.winner_id, NEW.loser_id;
  IF living < 2 THEN
    RAISE EXCEPTION 'One of the two was merged or deleted meanwhile.' USING ERRCODE = 'KT409';
  END IF;
  PERFORM move_references(NEW, NEW.entity, NEW.loser_id, NEW.winner_id, 0);
  PERFORM refuse_circles(NEW);
  PERFORM add_sums(NEW, 1);
  EXECUTE format('UPDATE %I SET deleted_at = now() WHERE organization_id = $1 AND id = $2', own_table) USING NEW.organization_id, NEW.loser_id;
  INSERT INTO record_aliases (organization_id, id, entity, target_id, created_by)
  VALUES (NEW.organization_id, NEW.loser_id, NEW.entity, NEW.winner_id, current_user_id());
  PERFORM tell_merge(NEW, false);
  RETURN NULL;
END
$$;

-- Puts back what the merge wrote over in the record that stays: what the trail of its change set says was
-- there before, unless somebody has changed it since.
CREATE FUNCTION restore_fields(of_merge merges) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  own_table constant text := (SELECT t.table_name FROM record_tables t WHERE t.entity = of_merge.entity);
  standing jsonb;
  was jsonb := '{}';
  columns text;
BEGIN
  EXECUTE format('SELECT to_jsonb(t) FROM %I t WHERE organization_id = $1 AND id = $2', own_table) INTO standing USING of_merge.organization_id, of_merge.winner_id;
  SELECT coalesce(jsonb_object_agg(o.key, o.value), '{}') INTO was
  FROM (
    -- Newest last: what is said first about a field is what was there before the merge.
    SELECT DISTINCT ON (o.key) o.key, o.value, last_value(a.new_values -> o.key) OVER (PARTITION BY o.key ORDER BY a.id
      ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS written
    FROM audit_log a CROSS JOIN LATERAL jsonb_each(a.old_values) o
    WHERE a.organization_id = of_merge.organization_id AND a.change_set_id = of_merge.change_set_id AND a.entity_type = of_merge.entity
      AND a.record_id = of_merge.winner_id AND a.action = 'UPDATE' AND a.created_at = of_merge.created_at
    ORDER BY o.key, a.id
  ) o
  -- What was cleared because it pointed at the other record comes back with the references; sums are taken apart.
  WHERE NOT EXISTS (SELECT 1 FROM merging_entities m WHERE m.entity = of_merge.entity AND o.key = ANY (m.sum_columns)) AND standing -> o.key IS NOT DISTINCT FROM o.written AND standing ? o.key
    AND NOT EXISTS (SELECT 1 FROM merge_moves m WHERE m.organization_id = of_merge.organization_id AND m.merge_id = of_merge.id
      AND m.what = 'cleared' AND m.table_name = own_table AND m.column_name = o.key);
  SELECT string_agg(format('%1$I = (jsonb_populate_record(t, $3)).%1$I', k), ', ') INTO columns FROM jsonb_object_keys(was) k;
  IF columns IS NOT NULL THEN
    EXECUTE format('UPDATE %I t SET %s WHERE organization_id = $1 AND id = $2', own_table, columns)
    USING of_merge.organization_id, of_merge.winner_id, was;
  END IF;
END
$$;

CREATE FUNCTION perform_undo() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  own_table constant text := (SELECT t.table_name FROM record_tables t WHERE t.entity = NEW.entity);
  move merge_moves;
  columns text;
  standing integer;
BEGIN
  IF (NEW.undone_at IS NULL) OR OLD.undone_at IS NOT NULL THEN
    RAISE EXCEPTION 'This merge has been undone already.' USING ERRCODE = 'KT409';
  END IF;
  EXECUTE format('SELECT count(*) FROM (SELECT 1 FROM %I WHERE organization_id = $1 AND id IN ($2, $3) ORDER BY id FOR UPDATE) locked', own_table)
  INTO standing USING NEW.organization_id, NEW.winner_id, NEW.loser_id;
  IF standing < 2 THEN
    RAISE EXCEPTION 'One of the two records is gone for good, so the merge cannot be undone.' USING ERRCODE = 'KT409';
  END IF;
  IF EXISTS (SELECT 1 FROM record_aliases a WHERE a.organization_id = NEW.organization_id AND a.id = NEW.winner_id) THEN
    RAISE EXCEPTION 'The record has been merged into another one since. Undo that merge first.' USING ERRCODE = 'KT409';
  END IF;
  EXECUTE format('SELECT count(*) FROM %I WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL', own_table)
  INTO standing USING NEW.organization_id, NEW.winner_id;
  IF standing = 0 THEN
    RAISE EXCEPTION 'The record that stayed has been deleted since. Restore it first.' USING ERRCODE = 'KT409';
  END IF;
  PERFORM restore_fields(NEW);
  PERFORM add_sums(NEW, -1);
  DELETE FROM record_aliases WHERE organization_id = NEW.organization_id AND id = NEW.loser_id;
  EXECUTE format('UPDATE %I SET deleted_at = NULL WHERE organization_id = $1 AND id = $2', own_table) USING NEW.organization_id, NEW.loser_id;
  FOR move IN SELECT * FROM merge_moves m WHERE m.organization_id = NEW.organization_id AND m.merge_id = NEW.id ORDER BY m.ordinal DESC LOOP
    -- Only what still stands as the merge left it: what people changed since is theirs.
    CASE move.what
      WHEN 'moved' THEN
        EXECUTE format('UPDATE %1$I SET %2$I = $2 WHERE organization_id = $1 AND %2$I = $3 AND %3$s = ANY ($4)', move.table_name, move.column_name,
          key_text(move.table_name, move.column_name))
        USING NEW.organization_id, move.from_id, move.to_id, move.keys;
      WHEN 'cleared' THEN
        EXECUTE format('UPDATE %1$I SET %2$I = $2 WHERE organization_id = $1 AND id = $3 AND %2$I IS NULL', move.table_name, move.column_name)
        USING NEW.organization_id, move.from_id, move.to_id;
      WHEN 'lowered' THEN
        EXECUTE format('UPDATE %1$I SET %2$I = true WHERE organization_id = $1 AND %3$s = ANY ($2)', move.table_name, move.column_name, key_text(move.table_name, NULL))
        USING NEW.organization_id, move.keys;
      WHEN 'hidden' THEN
        EXECUTE format('UPDATE %1$I SET deleted_at = NULL WHERE organization_id = $1 AND %2$s = ANY ($2)', move.table_name, key_text(move.table_name, NULL))
        USING NEW.organization_id, move.keys;
      WHEN 'removed' THEN
        columns := (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
          WHERE a.attrelid = move.table_name::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '');
        FOR standing IN 1..cardinality(move.rows) LOOP
          BEGIN
            EXECUTE format('INSERT INTO %1$I (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM jsonb_populate_record(NULL::%1$I, $1) ON CONFLICT DO NOTHING',
              move.table_name, columns)
            USING move.rows[standing];
          EXCEPTION WHEN foreign_key_violation THEN
            -- What it pointed at went meanwhile, and would have taken it along.
            NULL;
          END;
        END LOOP;
      WHEN 'custom' THEN
        EXECUTE format('UPDATE %I SET custom_fields = jsonb_set(custom_fields, ARRAY[$5], to_jsonb($2)) WHERE organization_id = $1 AND custom_fields ->> $5 = $3::text
          AND jsonb_build_object(''id'', id) = ANY ($4)', move.table_name)
        USING NEW.organization_id, move.from_id, move.to_id, move.keys, move.column_name;
    END CASE;
  END LOOP;
  PERFORM tell_merge(NEW, true);
  RETURN NULL;
END
$$;

-- A merged record comes back by undoing its merge alone; and who goes for good takes along what merges keep of it.
-- Arguments: entity.
CREATE FUNCTION keep_merged() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM new_rows n JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id
    JOIN record_aliases a ON a.organization_id = n.organization_id AND a.id = n.id
    WHERE n.deleted_at IS NULL AND o.deleted_at IS NOT NULL)
  THEN
    RAISE EXCEPTION 'This record was merged into another one. Undo the merge to bring it back.' USING ERRCODE = 'KT409';
  END IF;
  RETURN NULL;
END
$$;
CREATE FUNCTION forget_merges() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  -- The id of a record that was merged goes on meaning the one that stayed.
  DELETE FROM record_aliases a USING old_rows o WHERE a.organization_id = o.organization_id AND a.target_id = o.id;
  DELETE FROM merges m USING old_rows o WHERE m.organization_id = o.organization_id AND m.winner_id = o.id;
  DELETE FROM merges m USING old_rows o WHERE m.organization_id = o.organization_id AND m.loser_id = o.id;
  DELETE FROM distinct_records d USING old_rows o WHERE d.organization_id = o.organization_id AND d.first_id = o.id;
  DELETE FROM distinct_records d USING old_rows o WHERE d.organization_id = o.organization_id AND d.second_id = o.id;
  RETURN NULL;
END
$$;

DO $$
DECLARE
  signature text;
BEGIN
  FOREACH signature IN ARRAY ARRAY['aliases_of(text, uuid[])', 'note_move(uuid, uuid, text, text, text, uuid, uuid, jsonb[], jsonb[])',
    'move_references(merges, text, uuid, uuid, integer)', 'refuse_circles(merges)', 'add_sums(merges, integer)', 'tell_merge(merges, boolean)', 'restore_fields(merges)',
    'perform_merge()', 'perform_undo()', 'keep_merged()', 'forget_merges()']
  LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO kith_definer', signature);
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', signature);
  END LOOP;
END
$$;
GRANT EXECUTE ON FUNCTION aliases_of(text, uuid[]) TO kith_app;
CREATE TRIGGER merges_perform AFTER INSERT ON merges FOR EACH ROW EXECUTE FUNCTION perform_merge();
CREATE TRIGGER merges_undo AFTER UPDATE ON merges FOR EACH ROW EXECUTE FUNCTION perform_undo();

-- Makes the records of an entity ones that can be merged.
CREATE PROCEDURE allow_merging(new_entity text, new_sums text[] DEFAULT '{}')
LANGUAGE plpgsql AS $$
DECLARE
  own_table constant text := (SELECT t.table_name FROM record_tables t WHERE t.entity = new_entity);
  ref record;
BEGIN
  INSERT INTO merging_entities VALUES (new_entity, new_sums);
  EXECUTE format('CREATE TRIGGER %I AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION keep_merged()', own_table || '_keep_merged', own_table);
  EXECUTE format('CREATE TRIGGER %I AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION forget_merges()', own_table || '_forget_merges', own_table);
  -- Also where the definer otherwise only adds: what points at a record follows it.
  FOR ref IN SELECT * FROM references_to(new_entity) WHERE NOT is_part LOOP
    IF NOT has_table_privilege('kith_definer', ref.table_name, 'UPDATE') THEN
      EXECUTE format('GRANT UPDATE (%I) ON %I TO kith_definer', ref.set_column, ref.table_name);
    END IF;
  END LOOP;
END
$$;
CALL allow_merging('company', ARRAY['lifetime_value']);
CALL allow_merging('contact');
CALL allow_merging('lead');

ALTER TABLE audit_log DROP CONSTRAINT audit_log_action_check,
  ADD CONSTRAINT audit_log_action_check CHECK (action IN ('INSERT', 'UPDATE', 'DELETE', 'LOGIN', 'EXPORT', 'PERMISSION', 'MERGE', 'ERASE'));

-- What a record that is not made yet would be compared by: the columns that follow from others, worked out from
-- the values as the table itself would.
CREATE FUNCTION keys_of_values(of_table text, given jsonb, wanted text[]) RETURNS text[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
  parts text;
  keys text[];
BEGIN
  IF NOT EXISTS (SELECT 1 FROM record_tables r WHERE r.table_name = of_table) THEN
    RETURN NULL;
  END IF;
  SELECT string_agg(format('(%s)::text', CASE WHEN a.attgenerated = '' THEN quote_ident(a.attname) ELSE pg_get_expr(d.adbin, d.adrelid) END), ', ' ORDER BY w.place)
  INTO parts
  FROM unnest(wanted) WITH ORDINALITY AS w (name, place)
  JOIN pg_attribute a ON a.attrelid = of_table::regclass AND a.attname = w.name
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum;
  EXECUTE format('SELECT ARRAY[%s] FROM jsonb_populate_record(NULL::%I, $1)', parts, of_table) INTO keys USING given;
  RETURN keys;
END
$$;
