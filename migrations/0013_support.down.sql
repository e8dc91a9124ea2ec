DROP TRIGGER organizations_support ON organizations;
DROP TRIGGER activities_of_tickets ON activities;
DELETE FROM subject_kinds WHERE entity = 'ticket';
DELETE FROM tasks WHERE subject_type = 'ticket';
DELETE FROM notes WHERE subject_type = 'ticket';
DO $$
DECLARE about text;
BEGIN
  FOREACH about IN ARRAY ARRAY['tasks', 'notes'] LOOP
    EXECUTE format('ALTER TABLE %1$I DROP COLUMN ticket_id, DROP CONSTRAINT %2$I, ADD CONSTRAINT %2$I CHECK (subject_type IN (%3$s))', about,
      about || '_subject_type_check', (SELECT string_agg(quote_literal(k.entity), ', ' ORDER BY k.entity) FROM subject_kinds k WHERE k.table_name = about));
  END LOOP;
END
$$;
DELETE FROM record_tables WHERE entity IN ('business_hours', 'holiday', 'sla_policy', 'ticket', 'ticket_comment');
DELETE FROM record_access WHERE table_name IN ('business_hours', 'holidays', 'sla_policies', 'tickets', 'ticket_comments');
CALL write_record_visible();
CREATE OR REPLACE FUNCTION entities_read_in_full() RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN ARRAY(SELECT r.entity FROM record_tables r WHERE access_scope(r.resource, 'read') = 'all');
END
$$;
ALTER TABLE record_tables DROP COLUMN also_needs;
DROP FUNCTION start_organization_support, start_support, tell_of_tickets, organizations_with_sla_alerts, send_sla_alerts, tell_people, pick_ticket_agent,
  next_ticket_agent, ticket_agents, due_moments, ticket_reopen_days, business_seconds, business_moments, hours_on, openings_of, return_ticket_numbers;
DROP TABLE ticket_comments, ticket_turns, tickets, sla_policies, holidays, business_hours;
DROP FUNCTION answer_tickets, sign_ticket_comment, move_merged_comments, give_out_ticket, run_ticket_clock, update_ticket_resolution, check_customer_ticket,
  acts_as_customer, finish_ticket_numbers, number_ticket, is_weekly_hours, is_time_zone;
DELETE FROM number_series WHERE series = 'ticket';
DELETE FROM role_permissions WHERE resource IN ('tickets', 'ticket_comments', 'internal_comments', 'sla_policies');
DELETE FROM role_defaults WHERE resource IN ('tickets', 'ticket_comments', 'internal_comments', 'sla_policies');
DELETE FROM permissions WHERE resource IN ('tickets', 'ticket_comments', 'internal_comments', 'sla_policies');
