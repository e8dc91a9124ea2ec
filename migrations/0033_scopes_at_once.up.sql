-- What somebody reads is asked for all entities at once: one look at the role's permissions instead of one for each
-- entity. Every list of what is about other records asks five times.

CREATE FUNCTION read_scopes() RETURNS TABLE (resource text, scope text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 60 AS $$
DECLARE
  role uuid := (
    SELECT m.role_id FROM memberships m JOIN users u ON u.id = m.user_id AND u.is_active
    WHERE m.organization_id = current_organization_id() AND m.user_id = current_user_id() AND m.status = 'active');
  by_key constant boolean := nullif(current_setting('kith.key', true), '') IS NOT NULL;
BEGIN
  RETURN QUERY
  SELECT p.resource, p.scope FROM role_permissions p
  WHERE p.organization_id = current_organization_id() AND p.role_id = role AND p.action = 'read'
    AND (NOT by_key OR key_allows(p.resource, 'read'));
END
$$;
ALTER FUNCTION read_scopes() OWNER TO kith_definer;
REVOKE ALL ON FUNCTION read_scopes() FROM PUBLIC;

CREATE OR REPLACE FUNCTION entities_read_as(scopes text[]) RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN ARRAY(SELECT r.entity FROM record_tables r JOIN read_scopes() s USING (resource) WHERE s.scope = ANY (scopes));
END
$$;

-- As before (0026): what is about other records is read in full by those who read in full whatever it may be about, and
-- parts with a permission of their own go by the records themselves.
CREATE OR REPLACE FUNCTION entities_read_in_full() RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN ARRAY(
    WITH mine AS MATERIALIZED (SELECT * FROM read_scopes())
    SELECT r.entity FROM record_tables r JOIN mine USING (resource) LEFT JOIN record_access a USING (table_name)
    WHERE mine.scope = 'all' AND (r.also_needs IS NULL OR r.also_needs IN (SELECT n.resource FROM mine n))
      AND (a.kind IS DISTINCT FROM 'about' OR NOT EXISTS (
        SELECT 1 FROM subject_kinds k JOIN record_tables s ON s.entity = k.entity
        WHERE k.table_name = r.table_name AND s.resource NOT IN (SELECT n.resource FROM mine n WHERE n.scope = 'all')))
      AND (a.kind IS DISTINCT FROM 'through' OR EXISTS (
        SELECT 1 FROM record_tables w JOIN record_access wa USING (table_name) WHERE w.resource = r.resource AND wa.kind = 'owned')));
END
$$;

-- Few records are several people's or in several projects. What is about them is found here: under row security no index
-- over arrays is used, since their operators are not known to keep secrets.
CREATE INDEX notes_subject_other_owner_ids ON notes USING gin (organization_id, subject_other_owner_ids) WHERE subject_other_owner_ids IS NOT NULL;
CREATE INDEX notes_subject_other_project_ids ON notes USING gin (organization_id, subject_other_project_ids) WHERE subject_other_project_ids IS NOT NULL;
CREATE INDEX documents_subject_other_owner_ids ON documents USING gin (organization_id, subject_other_owner_ids) WHERE subject_other_owner_ids IS NOT NULL;
CREATE INDEX documents_subject_other_project_ids ON documents USING gin (organization_id, subject_other_project_ids) WHERE subject_other_project_ids IS NOT NULL;

-- The rows that are about something of the acting user's, their team's or their projects' by more than its first owner and
-- project. For the planner alone: the policies decide what is seen.
CREATE FUNCTION ids_about_ours(about text) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  found uuid[];
BEGIN
  IF EXISTS (SELECT 1 FROM subject_kinds k WHERE k.table_name = about) THEN
    EXECUTE format('SELECT array_agg(t.id) FROM %I t WHERE t.organization_id = current_organization_id()
      AND (t.subject_other_owner_ids && $1 OR t.subject_other_project_ids && $2)', about)
    INTO found USING current_user_id() || my_team_user_ids(), my_project_ids('projects', 'read');
  END IF;
  RETURN coalesce(found, '{}');
END
$$;
ALTER FUNCTION ids_about_ours(text) OWNER TO kith_definer;
REVOKE ALL ON FUNCTION ids_about_ours(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ids_about_ours(text) TO kith_app;
