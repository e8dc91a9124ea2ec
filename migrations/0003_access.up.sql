-- Who may see and do what, decided in the database (MODEL §3).
--
-- Policies call these functions inside (SELECT ...), so each runs once a statement, not once a row.
-- They are plpgsql, whose plans are kept, and not SQL functions, which PostgreSQL 15 plans anew at
-- every call when they cannot be inlined.

-- The scope in which the acting member holds a permission; null when they do not hold it, are no
-- active member, are switched off everywhere (users.is_active), or nobody acts. Asking for the user
-- here, one look into its primary key, ends access at once and leaves the memberships as they were
-- for the day the user is switched on again.
CREATE FUNCTION access_scope(wanted_resource text, wanted_action text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN (
    SELECT p.scope
    FROM memberships m
    JOIN users u ON u.id = m.user_id AND u.is_active
    JOIN role_permissions p ON p.organization_id = m.organization_id AND p.role_id = m.role_id
    WHERE m.organization_id = current_organization_id() AND m.user_id = current_user_id()
      AND m.status = 'active' AND p.resource = wanted_resource AND p.action = wanted_action);
END
$$;

-- The companies that the acting user is a member of (client side, or an agency's team on a client).
-- The table arrives with the companies; plpgsql looks it up at the first call.
CREATE FUNCTION my_company_ids() RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN ARRAY(
    SELECT company_id FROM company_members
    WHERE organization_id = current_organization_id() AND user_id = current_user_id());
END
$$;

-- Everyone in the acting user's teams, the user included.
CREATE FUNCTION my_team_user_ids() RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN ARRAY(
    SELECT current_user_id()
    UNION
    SELECT other.user_id
    FROM team_members mine
    JOIN team_members other USING (organization_id, team_id)
    WHERE mine.organization_id = current_organization_id() AND mine.user_id = current_user_id());
END
$$;

-- Functions that the documents name.
CREATE FUNCTION has_role(wanted_user uuid, wanted_role text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN EXISTS (
    SELECT 1 FROM memberships m
    JOIN users u ON u.id = m.user_id AND u.is_active
    JOIN roles r ON r.organization_id = m.organization_id AND r.id = m.role_id
    WHERE m.organization_id = current_organization_id() AND m.user_id = wanted_user
      AND m.status = 'active' AND r.key = wanted_role);
END
$$;

CREATE FUNCTION is_admin(wanted_user uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN has_role(wanted_user, 'admin') OR has_role(wanted_user, 'owner');
END
$$;

ALTER FUNCTION access_scope(text, text) OWNER TO kith_definer;
ALTER FUNCTION my_company_ids() OWNER TO kith_definer;
ALTER FUNCTION my_team_user_ids() OWNER TO kith_definer;
ALTER FUNCTION has_role(uuid, text) OWNER TO kith_definer;
ALTER FUNCTION is_admin(uuid) OWNER TO kith_definer;

-- The condition under which a row is within a scope. One text, used for reading, changing and
-- deleting, so the three cannot drift apart. The first owner column says whose the row is; the others
-- name people to whom it belongs as well (who made it, whose the record is that it is about).
CREATE FUNCTION scope_condition(resource text, action text, owner_columns text[], company_column text, has_status boolean)
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
        ELSE format(' OR %s = ANY ((SELECT my_company_ids())::uuid[])', company_column) END AS member
    FROM unnest(owner_columns) name
  ) parts
$$;

-- The condition under which a row has no owner and the acting member may take it.
CREATE FUNCTION unowned_condition(resource text, owner_columns text[]) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT format('%s IS NULL AND (SELECT access_scope(%L, ''read'')) = ''assigned_or_unowned'' AND (SELECT access_scope(%L, ''update'')) IS NOT NULL',
    owner_columns[1], resource, resource)
$$;

-- How the rows of a table are protected, for functions that work on any table.
CREATE TABLE record_access (
  table_name      text PRIMARY KEY,
  kind            text NOT NULL CHECK (kind IN ('owned', 'shared', 'through', 'about')),
  owner_columns   text[] NOT NULL DEFAULT '{}',
  company_column  text
);
GRANT SELECT ON record_access TO kith_definer;

-- The policies every tenant table has: nothing at all for anyone by default, the definer's
-- functions unhindered, and the table's own rules added by the caller.
CREATE PROCEDURE forbid_by_default(table_name text)
LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', table_name);
  EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', table_name);
  EXECUTE format('CREATE POLICY %I ON %I TO kith_definer USING (true) WITH CHECK (true)',
    table_name || '_definer', table_name);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO kith_definer', table_name);
END
$$;

-- Policies for a table whose rows have an owner (and perhaps belong to a company).
CREATE PROCEDURE protect_owned(table_name text, resource text, owner_columns text[], company_column text)
LANGUAGE plpgsql AS $$
DECLARE
  here constant text := 'organization_id = current_organization_id() AND ';
  has_status boolean := EXISTS (
    SELECT 1 FROM pg_attribute
    WHERE attrelid = table_name::regclass AND attname = 'status' AND table_name = 'companies');
BEGIN
  CALL forbid_by_default(table_name);
  INSERT INTO record_access VALUES (table_name, 'owned', owner_columns, company_column);
  EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO kith_app USING (%s)', table_name || '_read', table_name,
    here || scope_condition(resource, 'read', owner_columns, company_column, has_status));
  EXECUTE format('CREATE POLICY %I ON %I FOR INSERT TO kith_app WITH CHECK (%s)', table_name || '_create', table_name,
    here || scope_condition(resource, 'create', owner_columns, company_column, false));
  -- Whoever reads what nobody owns may take it: the row as it will be has to be theirs.
  EXECUTE format('CREATE POLICY %I ON %I FOR UPDATE TO kith_app USING (%s) WITH CHECK (%s)', table_name || '_update', table_name,
    here || format('(%s OR %s)', scope_condition(resource, 'update', owner_columns, company_column, false),
      unowned_condition(resource, owner_columns)),
    here || scope_condition(resource, 'update', owner_columns, company_column, false));
  EXECUTE format('CREATE POLICY %I ON %I FOR DELETE TO kith_app USING (%s)', table_name || '_delete', table_name,
    here || scope_condition(resource, 'delete', owner_columns, company_column, false));
  EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO kith_app', table_name);
END
$$;

-- Policies for set-up that every member who may read the resource shares.
CREATE PROCEDURE protect_shared(table_name text, resource text)
LANGUAGE plpgsql AS $$
DECLARE
  here constant text := 'organization_id = current_organization_id() AND ';
  granted constant text := '(SELECT access_scope(%L, %L)) = ''all''';
BEGIN
  CALL forbid_by_default(table_name);
  INSERT INTO record_access VALUES (table_name, 'shared');
  EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO kith_app USING (%s)', table_name || '_read', table_name,
    here || format(granted, resource, 'read'));
  EXECUTE format('CREATE POLICY %I ON %I FOR INSERT TO kith_app WITH CHECK (%s)', table_name || '_create', table_name,
    here || format(granted, resource, 'create'));
  EXECUTE format('CREATE POLICY %I ON %I FOR UPDATE TO kith_app USING (%s) WITH CHECK (%s)', table_name || '_update', table_name,
    here || format(granted, resource, 'update'), here || format(granted, resource, 'update'));
  EXECUTE format('CREATE POLICY %I ON %I FOR DELETE TO kith_app USING (%s)', table_name || '_delete', table_name,
    here || format(granted, resource, 'delete'));
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO kith_app', table_name);
END
$$;

-- Policies for rows that are seen and changed with the record they belong to. The subquery reads the
-- parent under the parent's own policies; whoever may change the parent may change its parts.
CREATE PROCEDURE protect_through(table_name text, resource text, parent_table text, parent_column text,
  parent_resource text, parent_owner text, parent_company text)
LANGUAGE plpgsql AS $$
DECLARE
  here constant text := 'organization_id = current_organization_id() AND ';
  visible text := format(
    'EXISTS (SELECT 1 FROM %I parent WHERE parent.organization_id = %I.organization_id AND parent.id = %I.%I)',
    parent_table, table_name, table_name, parent_column);
  changeable text := format(
    'EXISTS (SELECT 1 FROM %I parent WHERE parent.organization_id = %I.organization_id AND parent.id = %I.%I AND %s)',
    parent_table, table_name, table_name, parent_column,
    scope_condition(parent_resource, 'update', ARRAY[parent_owner], parent_company, false));
  granted constant text := '(SELECT access_scope(%L, %L)) IS NOT NULL AND ';
BEGIN
  CALL forbid_by_default(table_name);
  INSERT INTO record_access VALUES (table_name, 'through');
  EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO kith_app USING (%s)', table_name || '_read', table_name,
    here || format(granted, resource, 'read')
    || format('((SELECT access_scope(%L, ''read'')) = ''all'' OR %s)', parent_resource, visible));
  EXECUTE format('CREATE POLICY %I ON %I FOR INSERT TO kith_app WITH CHECK (%s)', table_name || '_create', table_name,
    here || format(granted, resource, 'create') || changeable);
  EXECUTE format('CREATE POLICY %I ON %I FOR UPDATE TO kith_app USING (%s) WITH CHECK (%s)', table_name || '_update', table_name,
    here || format(granted, resource, 'update') || changeable,
    here || format(granted, resource, 'update') || changeable);
  EXECUTE format('CREATE POLICY %I ON %I FOR DELETE TO kith_app USING (%s)', table_name || '_delete', table_name,
    here || format(granted, resource, 'delete') || changeable);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO kith_app', table_name);
END
$$;

-- Rules about single columns that policies cannot express: hiding a record needs the permission to
-- delete it, giving it to someone else the permission to assign it. Taking what nobody owns, and
-- making something one's own, is always allowed.
-- Arguments: resource; then none, the owner alone or the owner and others to whom the row belongs,
-- separated by commas; company column ('' for none).
CREATE FUNCTION guard_record() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
  resource text := TG_ARGV[0];
  owners text[] := string_to_array(TG_ARGV[1], ',');
  owner_before uuid;
  owner_after uuid;
  people uuid[];
  company uuid;
  scope text;
BEGIN
  -- Work that acts for no user (migrations, purging) runs as another role and is not asked.
  IF current_user <> 'kith_app' THEN
    RETURN NEW;
  END IF;
  IF cardinality(owners) > 0 THEN
    owner_after := (to_jsonb(NEW) ->> owners[1])::uuid;
    IF TG_OP = 'UPDATE' THEN
      owner_before := (to_jsonb(OLD) ->> owners[1])::uuid;
    END IF;
    IF owner_after IS DISTINCT FROM owner_before
      AND NOT (owner_before IS NULL AND owner_after = current_user_id())
      AND access_scope(resource, 'assign') IS NULL
    THEN
      RAISE EXCEPTION 'You may not give this record to someone else. Ask a manager to reassign it.'
        USING ERRCODE = 'KT403', COLUMN = owners[1];
    END IF;
  END IF;
  IF TG_OP = 'UPDATE' AND to_jsonb(NEW) -> 'deleted_at' IS DISTINCT FROM to_jsonb(OLD) -> 'deleted_at' THEN
    scope := access_scope(resource, 'delete');
    people := ARRAY(SELECT (to_jsonb(OLD) ->> name)::uuid FROM unnest(owners) name);
    company := (to_jsonb(OLD) ->> nullif(TG_ARGV[2], ''))::uuid;
    IF NOT coalesce(CASE scope
        WHEN 'all' THEN true
        WHEN 'assigned' THEN current_user_id() = ANY (people) OR company = ANY (my_company_ids())
        WHEN 'team' THEN people && my_team_user_ids() OR company = ANY (my_company_ids())
        ELSE false END, false)
    THEN
      RAISE EXCEPTION 'You may not delete or restore this record.' USING ERRCODE = 'KT403';
    END IF;
  END IF;
  RETURN NEW;
END
$$;

-- Identity under row security.
CALL forbid_by_default('organizations');
CREATE POLICY organizations_read ON organizations FOR SELECT TO kith_app
  USING (id = current_organization_id() AND (SELECT access_scope('organization', 'read')) IS NOT NULL);
CREATE POLICY organizations_update ON organizations FOR UPDATE TO kith_app
  USING (id = current_organization_id() AND (SELECT access_scope('organization', 'configure')) = 'all')
  WITH CHECK (id = current_organization_id());
GRANT SELECT ON organizations TO kith_app;
GRANT UPDATE (name, base_currency, timezone, locale, country, branding, settings) ON organizations TO kith_app;

-- A colleague's name is seen by every member; the password hash by nobody.
CALL forbid_by_default('users');
CREATE POLICY users_read ON users FOR SELECT TO kith_app
  USING (EXISTS (
    SELECT 1 FROM memberships m
    WHERE m.organization_id = current_organization_id() AND m.user_id = users.id)
    OR id = (SELECT current_user_id()));
GRANT SELECT (id, email, full_name, first_name, last_name, phone, avatar_url, locale, timezone, is_active, is_verified,
  last_login_at, created_at, updated_at) ON users TO kith_app;

CALL forbid_by_default('memberships');
CREATE POLICY memberships_read ON memberships FOR SELECT TO kith_app
  USING (organization_id = current_organization_id() AND (SELECT access_scope('users', 'read')) IS NOT NULL);
GRANT SELECT ON memberships TO kith_app;

CALL protect_shared('roles', 'roles');
CALL protect_shared('teams', 'teams');
CALL protect_shared('team_members', 'teams');
CALL forbid_by_default('role_permissions');
CREATE POLICY role_permissions_read ON role_permissions FOR SELECT TO kith_app
  USING (organization_id = current_organization_id() AND (SELECT access_scope('roles', 'read')) = 'all');
GRANT SELECT ON role_permissions TO kith_app;
GRANT SELECT ON permissions TO kith_app, kith_definer;
CALL forbid_by_default('refresh_tokens');
