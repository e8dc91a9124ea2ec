DROP TRIGGER users_access ON users;
DROP TRIGGER organizations_access ON organizations;
DO $$
DECLARE
  name text;
  event text;
BEGIN
  FOREACH name IN ARRAY ARRAY['memberships', 'roles', 'role_permissions', 'custom_fields'] LOOP
    FOREACH event IN ARRAY ARRAY['insert', 'update', 'delete'] LOOP
      EXECUTE format('DROP TRIGGER %I ON %I', name || '_access_' || event, name);
    END LOOP;
  END LOOP;
END
$$;
DROP FUNCTION announce_user, announce_organization, announce_access, set_password, rehash_password, end_session_of_token,
  end_session, switch_session, renew_session, revoke_families, open_session, keep_refresh_token, memberships_of, session_actor,
  register_account, any_organization, sign_in_failed, password_of, sign_in_user, record_sign_in, require_no_user;
