DELETE FROM record_tables WHERE entity IN ('lead', 'task', 'note', 'interaction');
DELETE FROM record_access WHERE table_name IN ('leads', 'lead_conversions', 'tasks', 'notes', 'interactions');
CALL write_record_visible();
CREATE OR REPLACE FUNCTION activity_type(entity text, written jsonb) RETURNS text
LANGUAGE sql IMMUTABLE AS $$ SELECT 'system' $$;
DROP FUNCTION conversion_blockers, subjects_of;
DROP TABLE interactions, notes, tasks, lead_conversions, leads CASCADE;
DO $$
DECLARE subject text;
BEGIN
  FOREACH subject IN ARRAY ARRAY['companies', 'contacts', 'deals'] LOOP
    EXECUTE format('DROP TRIGGER %I ON %I', subject || '_changed_hands', subject);
  END LOOP;
END
$$;
DROP FUNCTION can_manage_lead, make_follow_up_tasks, update_task_completion, update_lead_status, subject_changed_hands, place_subject;
DROP PROCEDURE protect_about, add_subject, add_subject_kind;
DROP TABLE subject_kinds;
DELETE FROM role_permissions WHERE resource IN ('leads', 'tasks', 'notes', 'interactions');
DELETE FROM role_defaults WHERE resource IN ('leads', 'tasks', 'notes', 'interactions');
DELETE FROM permissions WHERE resource IN ('leads', 'tasks', 'notes', 'interactions');
