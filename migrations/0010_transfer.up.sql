-- Data going out and coming in: every export in the audit log, and what an import tells when it is over.

-- An export, in the trail of its entity; the record's place holds the export's own id. Twice each: when
-- it begins and when it ends. Whoever calls it can only tell of themselves.
CREATE FUNCTION record_export(of_entity text, export uuid, details jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF current_organization_id() IS NULL OR current_user_id() IS NULL THEN
    RAISE EXCEPTION 'Only a member exports.' USING ERRCODE = 'KT403';
  END IF;
  INSERT INTO audit_log (organization_id, entity_type, record_id, action, new_values, user_id, change_set_id, origin,
    ip_address, user_agent)
  VALUES (current_organization_id(), of_entity, export, 'EXPORT', details, current_user_id(), current_change_set_id(),
    nullif(current_setting('kith.origin', true), ''), nullif(current_setting('kith.ip', true), '')::inet,
    nullif(current_setting('kith.user_agent', true), ''));
END
$$;
ALTER FUNCTION record_export(text, uuid, jsonb) OWNER TO kith_definer;
REVOKE ALL ON FUNCTION record_export(text, uuid, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record_export(text, uuid, jsonb) TO kith_app;

-- What became of each row of the file, a letter each (created, updated, skipped, failed), and the
-- summary that the page shows: the first rows of each kind, what was wrong and how often.
ALTER TABLE imports
  ADD COLUMN outcomes text,
  ADD COLUMN summary jsonb;
