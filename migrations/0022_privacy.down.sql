DO $$
DECLARE
  target record;
BEGIN
  FOR target IN
    SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
    WHERE c.relkind = 'r' AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
      AND t.typname IN ('text', 'jsonb') AND c.relname IN (SELECT r.table_name FROM record_tables r)
      AND a.attname NOT LIKE '%\_type' AND NOT has_table_privilege('kith_definer', c.oid, 'UPDATE')
  LOOP
    EXECUTE format('REVOKE UPDATE (%I) ON %I FROM kith_definer', target.attname, target.relname);
  END LOOP;
END
$$;
DROP FUNCTION access_of_members, row_facts, erase_person, blot_everywhere, blot_values, blot, personal_data_of_member, personal_data, shown_row, rows_of_person, same_person,
  purge_record, apply_retention, organizations_with_retention, remove_records, free_to_go;
DO $$
DECLARE
  target text;
BEGIN
  FOR target IN SELECT table_name FROM erasure_grants LOOP
    EXECUTE format('REVOKE DELETE ON %I FROM kith_definer', target);
  END LOOP;
END
$$;
DROP TABLE erasure_grants, erasure_exceptions, person_entities;
DROP TRIGGER audit_log_guard ON audit_log;
DROP TRIGGER activities_guard ON activities;
REVOKE UPDATE (old_values, new_values), DELETE ON audit_log FROM kith_definer;
REVOKE UPDATE (subject, description, metadata), DELETE ON activities FROM kith_definer;
DROP FUNCTION guard_trail, is_blotted, retention_days, require_privacy;
DELETE FROM role_permissions WHERE resource = 'privacy';
DELETE FROM role_defaults WHERE resource = 'privacy';
DELETE FROM permissions WHERE resource = 'privacy';
