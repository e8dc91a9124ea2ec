DROP TABLE idempotency_keys;
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['memberships', 'roles', 'teams', 'team_members'] LOOP
    EXECUTE format('DROP TRIGGER %I ON %I', t || '_history_insert', t);
    EXECUTE format('DROP TRIGGER %I ON %I', t || '_history_update', t);
    EXECUTE format('DROP TRIGGER %I ON %I', t || '_history_delete', t);
  END LOOP;
END
$$;
DROP VIEW audit_entries;
DROP TABLE events, activities, audit_log;
DROP PROCEDURE keep_history, write_record_visible, make_audit_partitions;
DROP FUNCTION record_history, activity_type, record_visible, entities_read_in_full;
DROP TABLE record_tables;
