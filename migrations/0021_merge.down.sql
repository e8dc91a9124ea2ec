DELETE FROM audit_log WHERE action IN ('MERGE', 'ERASE');
ALTER TABLE audit_log DROP CONSTRAINT audit_log_action_check,
  ADD CONSTRAINT audit_log_action_check CHECK (action IN ('INSERT', 'UPDATE', 'DELETE', 'LOGIN', 'EXPORT', 'PERMISSION'));
DO $$
DECLARE
  entry record;
BEGIN
  FOR entry IN SELECT t.table_name FROM merging_entities m JOIN record_tables t USING (entity) LOOP
    EXECUTE format('DROP TRIGGER %I ON %I', entry.table_name || '_keep_merged', entry.table_name);
    EXECUTE format('DROP TRIGGER %I ON %I', entry.table_name || '_forget_merges', entry.table_name);
  END LOOP;
END
$$;
DO $$
DECLARE
  ref record;
BEGIN
  FOR ref IN SELECT r.* FROM merging_entities m, references_to(m.entity) r WHERE NOT r.is_part AND NOT has_table_privilege('kith_definer', r.table_name, 'UPDATE') LOOP
    EXECUTE format('REVOKE UPDATE (%I) ON %I FROM kith_definer', ref.set_column, ref.table_name);
  END LOOP;
END
$$;
DROP TABLE merge_moves, record_aliases, distinct_records CASCADE;
DROP PROCEDURE allow_merging, index_identities;
DROP TRIGGER merges_perform ON merges;
DROP TRIGGER merges_undo ON merges;
DROP FUNCTION perform_merge, perform_undo, restore_fields, tell_merge, add_sums, refuse_circles, move_references, note_move, key_text, keep_merged, forget_merges, aliases_of, references_to;
DROP TABLE merges, merging_entities;
DROP FUNCTION record_allows, row_allows, hiding_text, policy_text, keys_of_values;
REVOKE SELECT ON record_tables, record_access FROM kith_app;
ALTER TABLE leads DROP COLUMN full_name_key, DROP COLUMN email_key;
ALTER TABLE contacts DROP COLUMN full_name_key, DROP COLUMN email_key;
ALTER TABLE companies DROP COLUMN name_key, DROP COLUMN email_key;
DROP INDEX companies_phone_identity, contacts_phone_identity, contacts_mobile_identity, leads_phone_identity;
DROP FUNCTION name_key, mail_key;
CALL refresh_histories();
DROP PROCEDURE refresh_histories;
