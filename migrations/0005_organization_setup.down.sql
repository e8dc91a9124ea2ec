DROP VIEW members;
DROP INDEX teams_created_at, teams_updated_at, team_members_created_at, roles_name, roles_created_at, roles_updated_at;
DROP FUNCTION write_member;
DROP TABLE import_errors, imports, record_values, custom_fields, tags, industries, role_defaults;
DELETE FROM record_tables WHERE entity IN ('industry', 'tag', 'custom_field');
DELETE FROM record_access WHERE table_name IN ('industries', 'tags', 'custom_fields');
CALL write_record_visible();
DELETE FROM role_permissions;
DELETE FROM permissions;
DROP PROCEDURE install_entity, index_fields, default_grant, declare_resource;
DROP FUNCTION text_candidates, search_candidates, reindex_custom_field, index_values, values_of, value_text, value_number,
  keep_custom_field_identity, apply_role_defaults, record_condition, entities_with_several_owners, entities_read_as;
