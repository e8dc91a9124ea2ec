-- Roles
DROP TRIGGER roles_copy_permissions ON roles;
DROP TRIGGER roles_guard ON roles;
ALTER TABLE roles DROP COLUMN copy_of;

-- Members as they were
CREATE FUNCTION move_invited_addresses() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE users u SET email = m.email FROM memberships m
  WHERE m.user_id = u.id AND u.email IS NULL AND m.email IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM users o WHERE o.email = m.email)
    AND NOT EXISTS (SELECT 1 FROM memberships e WHERE e.email = m.email AND e.user_id < m.user_id);
$$;
ALTER FUNCTION move_invited_addresses() OWNER TO kith_definer;
SELECT move_invited_addresses();
DROP FUNCTION move_invited_addresses();
DROP TRIGGER memberships_end_access ON memberships;
DROP TRIGGER memberships_end_access_delete ON memberships;
DROP VIEW members;
CREATE VIEW members WITH (security_invoker = true) AS
SELECT m.organization_id, m.user_id AS id, u.full_name, u.email, u.phone, u.avatar_url, m.job_title, m.role_id, m.status,
  m.manager_id, m.team_id, u.is_verified, u.last_login_at, m.created_at, m.created_by, m.updated_at, m.updated_by, m.version
FROM memberships m JOIN users u ON u.id = m.user_id;
GRANT SELECT, INSERT, UPDATE ON members TO kith_app;
CREATE OR REPLACE FUNCTION write_member() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  acting_owner boolean := has_role(current_user_id(), 'owner');
  owner_role uuid := (SELECT id FROM roles WHERE organization_id = current_organization_id() AND key = 'owner');
BEGIN
  IF (SELECT access_scope('users', CASE TG_OP WHEN 'INSERT' THEN 'create' ELSE 'update' END)) IS DISTINCT FROM 'all'
    OR NEW.organization_id IS DISTINCT FROM current_organization_id() THEN
    RAISE EXCEPTION 'You may not manage the people of this organization.' USING ERRCODE = 'KT403';
  END IF;
  IF NEW.role_id = owner_role AND NOT acting_owner AND (TG_OP = 'INSERT' OR OLD.role_id <> owner_role)
    OR TG_OP = 'UPDATE' AND OLD.role_id = owner_role AND NOT acting_owner THEN
    RAISE EXCEPTION 'Only an owner may make, change or remove an owner.' USING ERRCODE = 'KT403', COLUMN = 'role_id';
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF NEW.email IS NOT NULL AND EXISTS (SELECT 1 FROM users WHERE email = NEW.email) THEN
      RAISE EXCEPTION 'This address cannot be added here. Invite the person instead.' USING ERRCODE = 'KT409', COLUMN = 'email';
    END IF;
    INSERT INTO users (id, full_name, email, phone) VALUES (NEW.id, NEW.full_name, NEW.email, NEW.phone);
    INSERT INTO memberships (organization_id, user_id, role_id, status, job_title, manager_id, team_id, created_by)
    VALUES (NEW.organization_id, NEW.id, NEW.role_id, 'invited', NEW.job_title, NEW.manager_id, NEW.team_id, current_user_id())
    RETURNING created_at, created_by, updated_at, updated_by, version, status
    INTO NEW.created_at, NEW.created_by, NEW.updated_at, NEW.updated_by, NEW.version, NEW.status;
    NEW.is_verified := false;
    RETURN NEW;
  END IF;
  IF (NEW.full_name, NEW.email, NEW.phone) IS DISTINCT FROM (OLD.full_name, OLD.email, OLD.phone) THEN
    UPDATE users SET full_name = NEW.full_name, email = NEW.email, phone = NEW.phone, updated_at = now()
    WHERE id = OLD.id AND password_hash IS NULL
      AND NOT EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = OLD.id AND m.organization_id <> OLD.organization_id);
    -- The place in the organization keeps its own history; who the person is stands in another table.
    INSERT INTO audit_log (organization_id, entity_type, record_id, action, version, old_values, new_values, changed_fields,
      user_id, change_set_id, origin, ip_address, user_agent)
    SELECT OLD.organization_id, 'user', OLD.id, 'UPDATE', OLD.version + 1,
      jsonb_object_agg(o.key, o.value), jsonb_object_agg(o.key, n.value), array_agg(o.key), current_user_id(), current_change_set_id(),
      nullif(current_setting('kith.origin', true), ''), nullif(current_setting('kith.ip', true), '')::inet,
      nullif(current_setting('kith.user_agent', true), '')
    FROM jsonb_each(jsonb_build_object('full_name', OLD.full_name, 'email', OLD.email, 'phone', OLD.phone)) o
    JOIN jsonb_each(jsonb_build_object('full_name', NEW.full_name, 'email', NEW.email, 'phone', NEW.phone)) n USING (key)
    WHERE o.value IS DISTINCT FROM n.value
    HAVING count(*) > 0;
    IF NOT EXISTS (SELECT 1 FROM users u WHERE u.id = OLD.id
        AND (u.full_name, u.email::text, u.phone::text) IS NOT DISTINCT FROM (NEW.full_name, NEW.email::text, NEW.phone::text)) THEN
      RAISE EXCEPTION 'This person has an account and changes their own name, address and phone.' USING ERRCODE = 'KT403', COLUMN = 'full_name';
    END IF;
  END IF;
  IF NEW.status = 'active' AND OLD.status = 'invited' THEN
    RAISE EXCEPTION 'An invited person becomes active by accepting the invitation.' USING ERRCODE = 'KT422', COLUMN = 'status';
  END IF;
  UPDATE memberships SET role_id = NEW.role_id, status = NEW.status, job_title = NEW.job_title, manager_id = NEW.manager_id,
    team_id = NEW.team_id
  WHERE organization_id = OLD.organization_id AND user_id = OLD.id
  RETURNING updated_at, updated_by, version INTO NEW.updated_at, NEW.updated_by, NEW.version;
  RETURN NEW;
END
$$;
CREATE TRIGGER members_write INSTEAD OF INSERT OR UPDATE ON members FOR EACH ROW EXECUTE FUNCTION write_member();
DROP POLICY users_read ON users;
CREATE POLICY users_read ON users FOR SELECT TO kith_app
  USING (EXISTS (
    SELECT 1 FROM memberships m
    WHERE m.organization_id = current_organization_id() AND m.user_id = users.id)
    OR id = (SELECT current_user_id()));
CREATE OR REPLACE FUNCTION access_scope(wanted_resource text, wanted_action text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN (
    SELECT p.scope
    FROM memberships m
    JOIN users u ON u.id = m.user_id AND u.is_active
    JOIN role_permissions p ON p.organization_id = m.organization_id AND p.role_id = m.role_id
    WHERE m.organization_id = current_organization_id() AND m.user_id = current_user_id()
      AND m.status = 'active' AND p.resource = wanted_resource AND p.action = wanted_action);
END
$$;

-- Sign-in as it was
GRANT EXECUTE ON FUNCTION open_session(uuid, uuid, uuid, bytea, integer) TO kith_app;
CREATE FUNCTION set_password(of_user uuid, old_hash text, new_hash text, kept_family uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT rehash_password(of_user, old_hash, new_hash) THEN
    RETURN false;
  END IF;
  PERFORM revoke_families(of_user, NULL, kept_family);
  PERFORM record_sign_in(m.organization_id, of_user, of_user, '{"outcome": "password_changed"}')
  FROM memberships m WHERE m.user_id = of_user AND m.status = 'active';
  RETURN true;
END
$$;
ALTER FUNCTION set_password(uuid, text, text, uuid) OWNER TO kith_definer;
REVOKE ALL ON FUNCTION set_password(uuid, text, text, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION set_password(uuid, text, text, uuid) TO kith_app;

DROP TABLE recovery_codes, second_factors, api_keys, one_time_tokens, outgoing_mail;
DROP FUNCTION accept_invitation, account_origin, acting_key_scopes, address_mail, allowed_scopes, begin_second_factor,
  change_password, copy_role_permissions, create_api_key, deactivate_member, delete_api_key, disable_second_factor,
  enable_second_factor, end_access, end_other_sessions, end_own_session, guard_role, invitation_of, keep_recovery_codes,
  key_actor, key_allows, member_columns, next_mail_due, note_second_factor, open_proven_session, own_sessions, owner_columns,
  owner_role_id, people_with_role, prove_address, queue_mail, reactivate_member, record_account, record_permission,
  remove_second_factor, renew_recovery_codes, request_password_reset, request_verification, require_own_account,
  require_people, require_within_mine, reset_password, reset_subject, role_exceeds_mine, scope_within, scopes_cover,
  second_factor_failed, second_factor_of, send_invitation, set_role_permissions, settle_mail, shipped_permissions, spend_code, take_mail,
  take_place, touch_api_key, update_own_profile, verify_email, withdraw_invitation;
ALTER TABLE users DROP COLUMN has_second_factor;
ALTER TABLE memberships DROP COLUMN email, DROP COLUMN invited_at, DROP COLUMN invited_by;
