DROP FUNCTION ids_about_ours(text);
DROP INDEX notes_subject_other_owner_ids, notes_subject_other_project_ids, documents_subject_other_owner_ids, documents_subject_other_project_ids;
CREATE OR REPLACE FUNCTION entities_read_as(scopes text[]) RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN ARRAY(SELECT r.entity FROM record_tables r WHERE access_scope(r.resource, 'read') = ANY (scopes));
END
$$;
CREATE OR REPLACE FUNCTION entities_read_in_full() RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN ARRAY(SELECT r.entity FROM record_tables r LEFT JOIN record_access a USING (table_name)
    WHERE access_scope(r.resource, 'read') = 'all' AND (r.also_needs IS NULL OR access_scope(r.also_needs, 'read') IS NOT NULL)
      AND (a.kind IS DISTINCT FROM 'about' OR NOT EXISTS (
        SELECT 1 FROM subject_kinds k JOIN record_tables s ON s.entity = k.entity
        WHERE k.table_name = r.table_name AND access_scope(s.resource, 'read') IS DISTINCT FROM 'all'))
      -- Nor of parts with a permission of their own (members of companies): only those that go by their whole's.
      AND (a.kind IS DISTINCT FROM 'through' OR EXISTS (
        SELECT 1 FROM record_tables w JOIN record_access wa USING (table_name) WHERE w.resource = r.resource AND wa.kind = 'owned')));
END
$$;
DROP FUNCTION read_scopes();
