DELETE FROM tasks WHERE subject_type = 'campaign';
DELETE FROM notes WHERE subject_type = 'campaign';
DELETE FROM subject_kinds WHERE entity = 'campaign';
DO $$
DECLARE
  about text;
  kinds text;
BEGIN
  FOREACH about IN ARRAY ARRAY['tasks', 'notes'] LOOP
    SELECT string_agg(quote_literal(k.entity), ', ' ORDER BY k.entity) INTO kinds FROM subject_kinds k WHERE k.table_name = about;
    EXECUTE format('ALTER TABLE %1$I DROP COLUMN campaign_id, DROP CONSTRAINT %2$I, ADD CONSTRAINT %2$I CHECK (subject_type IN (%3$s))',
      about, about || '_subject_type_check', kinds);
  END LOOP;
END
$$;
DELETE FROM record_tables WHERE entity IN ('campaign', 'campaign_member', 'suppression', 'email_template', 'inbound_form');
DELETE FROM record_access WHERE table_name IN ('campaigns', 'campaign_members', 'suppressions', 'email_templates', 'inbound_forms');
CALL write_record_visible();
ALTER TABLE projects DROP COLUMN campaign_id;
ALTER TABLE leads DROP COLUMN campaign_id, DROP COLUMN do_not_contact;
ALTER TABLE leads DROP COLUMN preferences;
ALTER TABLE contacts DROP COLUMN do_not_contact;
DROP INDEX contacts_bare_phone, contacts_bare_mobile, leads_bare_phone;
CALL keep_out_of_history('contact');
CALL keep_out_of_history('lead');
DROP TABLE form_submissions, inbound_forms, email_templates, campaign_members, suppressions, campaigns CASCADE;
DROP FUNCTION record_submission, form_of, count_submissions, unsubscribe, honour_suppressions, refuse_unreachable_members, advance_campaign_member,
  member_progress, suppressed, guard_campaign_status, bare_phone, refuses_channel;
DROP PROCEDURE keep_out_of_history;
DELETE FROM role_permissions WHERE resource IN ('campaigns', 'suppressions', 'email_templates', 'inbound_forms');
DELETE FROM role_defaults WHERE resource IN ('campaigns', 'suppressions', 'email_templates', 'inbound_forms');
DELETE FROM permissions WHERE resource IN ('campaigns', 'suppressions', 'email_templates', 'inbound_forms');
