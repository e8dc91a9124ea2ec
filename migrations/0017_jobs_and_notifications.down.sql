DROP TRIGGER notes_mentioned_insert ON notes;
DROP TRIGGER notes_mentioned_update ON notes;
DROP FUNCTION notify_mentioned;
DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['tasks', 'leads', 'deals', 'tickets'] LOOP
    EXECUTE format('DROP TRIGGER %I ON %I', name || '_assigned_insert', name);
    EXECUTE format('DROP TRIGGER %I ON %I', name || '_assigned_update', name);
  END LOOP;
END
$$;
DROP PROCEDURE announce_assignments;
DROP FUNCTION notify_assigned, clear_away, send_digests, organizations_with_send_digests, due_digests, digest_boundary, known_zone;
DELETE FROM outgoing_mail WHERE kind IN ('notification', 'digest');
ALTER TABLE outgoing_mail DROP CONSTRAINT outgoing_mail_kind_check,
  ADD CONSTRAINT outgoing_mail_kind_check CHECK (kind IN ('verify_email', 'reset_password', 'invitation', 'password_changed',
    'second_factor_enabled', 'second_factor_disabled', 'api_key_created'));
CREATE OR REPLACE FUNCTION address_mail(of_mail uuid, new_hash bytea)
RETURNS TABLE (recipient text, recipient_name text, organization_name text, details jsonb, valid_seconds integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  mail outgoing_mail;
  person users;
  address text;
  organization text;
  more jsonb := '{}';
  lifetime interval;
BEGIN
  PERFORM require_no_user();
  SELECT m.* INTO mail FROM outgoing_mail m WHERE m.id = of_mail AND m.status = 'sending' FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  IF mail.kind = 'reset_password' THEN
    SELECT u.* INTO person FROM users u WHERE u.email = mail.recipient AND u.is_active;
    address := person.email;
    lifetime := interval '1 hour';
  ELSIF mail.kind = 'verify_email' THEN
    SELECT u.* INTO person FROM users u WHERE u.id = mail.user_id AND u.email = mail.recipient AND u.is_active AND NOT u.is_verified;
    address := person.email;
    lifetime := interval '3 days';
  ELSIF mail.kind = 'invitation' THEN
    SELECT u.* INTO person FROM users u JOIN memberships m ON m.user_id = u.id
    WHERE m.organization_id = mail.organization_id AND m.user_id = mail.user_id AND m.status = 'invited' AND m.invited_at IS NOT NULL
      AND m.email = mail.recipient;
    IF FOUND THEN
      address := mail.recipient;
    END IF;
    lifetime := interval '7 days';
    more := jsonb_build_object('role', (
      SELECT r.name FROM memberships m JOIN roles r ON r.organization_id = m.organization_id AND r.id = m.role_id
      WHERE m.organization_id = mail.organization_id AND m.user_id = mail.user_id));
  ELSE
    SELECT u.* INTO person FROM users u WHERE u.id = mail.user_id AND u.is_active;
    address := person.email;
  END IF;
  IF address IS NULL THEN
    UPDATE outgoing_mail m SET status = 'dropped', finished_at = now() WHERE m.id = of_mail;
    RETURN;
  END IF;
  IF lifetime IS NOT NULL THEN
    INSERT INTO one_time_tokens (purpose, user_id, organization_id, email, token_hash, expires_at)
    VALUES (mail.kind, person.id, CASE WHEN mail.kind = 'invitation' THEN mail.organization_id END, address, new_hash, now() + lifetime);
  END IF;
  SELECT o.name INTO organization FROM organizations o WHERE o.id = mail.organization_id;
  RETURN QUERY SELECT address, person.full_name::text, organization, mail.details || more, extract(epoch FROM lifetime)::integer;
END
$$;
DROP FUNCTION told_in_mail, notify, notify_all, record_page;
DROP TYPE notice;
DELETE FROM record_tables WHERE entity = 'notification';
CALL write_record_visible();
DROP TABLE notifications, notification_preferences, notification_kinds;
DROP FUNCTION note_when_read, readable_by;
DROP FUNCTION next_schedule_due, settle_schedule, hold_schedule, take_schedule, discard_job, retry_job, next_job_due, settle_job, extend_job,
  take_job, enqueue_job;
DROP TABLE schedules, jobs;
DELETE FROM role_permissions WHERE resource = 'jobs';
DELETE FROM role_defaults WHERE resource = 'jobs';
DELETE FROM permissions WHERE resource = 'jobs';
