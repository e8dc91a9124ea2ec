DELETE FROM record_tables WHERE entity IN ('automation', 'automation_run');
DELETE FROM record_access WHERE table_name IN ('automations', 'automation_runs');
CALL write_record_visible();
DROP TABLE automation_runs, automations;
DELETE FROM role_permissions WHERE resource = 'automations';
DELETE FROM role_defaults WHERE resource = 'automations';
DELETE FROM permissions WHERE resource = 'automations';
