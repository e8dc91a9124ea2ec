CREATE OR REPLACE FUNCTION entities_read_in_full() RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN ARRAY(SELECT r.entity FROM record_tables r
    WHERE access_scope(r.resource, 'read') = 'all' AND (r.also_needs IS NULL OR access_scope(r.also_needs, 'read') IS NOT NULL));
END
$$;
