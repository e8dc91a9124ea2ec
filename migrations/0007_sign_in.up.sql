-- Sign-in. The application's role sees neither password hashes nor refresh tokens; these functions
-- are all it can do with them. Those that speak about an account before anybody is signed in, and
-- those that make or end sessions, refuse to run in a transaction that acts for a user.
--
-- Whatever opens, renews or ends a session first locks the user's row, so that a session being
-- renewed cannot slip past the sign-out or the change of password that should have ended it.

CREATE FUNCTION require_no_user() RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF current_user_id() IS NOT NULL THEN
    RAISE EXCEPTION 'This function serves sign-in and runs only where no user acts.' USING ERRCODE = 'insufficient_privilege';
  END IF;
END
$$;

-- Adds a sign-in, or an attempt at one, to the trail. `what` never holds a password or a token.
CREATE FUNCTION record_sign_in(at_organization uuid, about_user uuid, acting_user uuid, what jsonb) RETURNS void
LANGUAGE sql SET search_path = public, pg_temp AS $$
  INSERT INTO audit_log (organization_id, entity_type, record_id, action, new_values, user_id, change_set_id, origin,
    ip_address, user_agent)
  VALUES (at_organization, 'user', about_user, 'LOGIN', what, acting_user, current_change_set_id(),
    nullif(current_setting('kith.origin', true), ''), nullif(current_setting('kith.ip', true), '')::inet,
    nullif(current_setting('kith.user_agent', true), ''))
$$;

-- What is needed to check a password: no row when there is no such account.
CREATE FUNCTION sign_in_user(wanted_email text)
RETURNS TABLE (user_id uuid, password_hash text, is_active boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_no_user();
  RETURN QUERY SELECT u.id, u.password_hash, u.is_active FROM users u WHERE u.email = wanted_email;
END
$$;

-- The same for someone who is signed in and gives their password again.
CREATE FUNCTION password_of(wanted_user uuid)
RETURNS TABLE (password_hash text, email text, full_name text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_no_user();
  RETURN QUERY SELECT u.password_hash, u.email::text, u.full_name::text FROM users u WHERE u.id = wanted_user AND u.is_active;
END
$$;

-- Leaves a failed attempt in the trail of every organization the account belongs to.
CREATE FUNCTION sign_in_failed(about_user uuid, reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_no_user();
  PERFORM record_sign_in(m.organization_id, about_user, NULL, jsonb_build_object('outcome', 'failed', 'reason', left(reason, 50)))
  FROM memberships m WHERE m.user_id = about_user AND m.status = 'active';
END
$$;

CREATE FUNCTION any_organization() RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM organizations);
END
$$;

-- A new account with an organization of its own. `policy` is the operator's setting: under 'first'
-- only the first organization of the database is made this way.
-- Answers 'registered', 'closed', or 'taken' when the address has an account.
CREATE FUNCTION register_account(new_email text, new_password_hash text, new_full_name text, new_organization_name text,
  policy text)
RETURNS TABLE (status text, user_id uuid, organization_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  -- Any number that no other advisory lock uses: "register" in ASCII.
  registering constant bigint := x'7265676973746572'::bigint;
  base_slug text := trim(BOTH '-' FROM left(regexp_replace(fold_text(new_organization_name), '[^a-z0-9]+', '-', 'g'), 80));
  try_slug text;
  made_user uuid;
  made_organization uuid;
BEGIN
  PERFORM require_no_user();
  -- Two first registrations at the same time: the second waits here and then sees the first. Nodes
  -- that differ in their settings share the lock.
  IF policy = 'open' THEN
    PERFORM pg_advisory_xact_lock_shared(registering);
  ELSIF policy = 'first' THEN
    PERFORM pg_advisory_xact_lock(registering);
    IF EXISTS (SELECT 1 FROM organizations) THEN
      RETURN QUERY SELECT 'closed', NULL::uuid, NULL::uuid;
      RETURN;
    END IF;
  ELSE
    RETURN QUERY SELECT 'closed', NULL::uuid, NULL::uuid;
    RETURN;
  END IF;

  -- Also someone who was only invited: until mail proves the address, nobody may claim their place.
  INSERT INTO users (email, password_hash, full_name) VALUES (new_email, new_password_hash, new_full_name)
  ON CONFLICT (email) DO NOTHING RETURNING id INTO made_user;
  IF made_user IS NULL THEN
    RETURN QUERY SELECT 'taken', NULL::uuid, NULL::uuid;
    RETURN;
  END IF;

  base_slug := coalesce(nullif(base_slug, ''), 'organization');
  try_slug := base_slug;
  FOR attempt IN 2..50 LOOP
    INSERT INTO organizations (name, slug, created_by, updated_by) VALUES (new_organization_name, try_slug, made_user, made_user)
    ON CONFLICT (slug) DO NOTHING RETURNING id INTO made_organization;
    EXIT WHEN made_organization IS NOT NULL;
    -- After a few plain numbers something that nobody else tries.
    try_slug := base_slug || '-' || CASE WHEN attempt < 10 THEN attempt::text ELSE left(replace(gen_random_uuid()::text, '-', ''), 12) END;
  END LOOP;

  -- From here the history says who it was.
  PERFORM set_config('kith.organization', made_organization::text, true), set_config('kith.user', made_user::text, true);
  PERFORM seed_organization(made_organization);
  INSERT INTO memberships (organization_id, user_id, role_id, status, created_by)
  SELECT made_organization, made_user, r.id, 'active', made_user
  FROM roles r WHERE r.organization_id = made_organization AND r.key = 'owner';
  PERFORM record_sign_in(made_organization, made_user, made_user, '{"outcome": "registered"}');
  PERFORM set_config('kith.organization', '', true), set_config('kith.user', '', true);
  RETURN QUERY SELECT 'registered', made_user, made_organization;
END
$$;

-- Everything that the server keeps in memory about an acting member: no row when the user is not
-- active, is no active member, or (when a session is named) the session has ended.
CREATE FUNCTION session_actor(wanted_user uuid, wanted_organization uuid, wanted_family uuid)
RETURNS TABLE (
  user_id uuid, email text, full_name text, user_locale text, user_timezone text, avatar_url text,
  organization_id uuid, organization_name text, slug text, base_currency text, timezone text, locale text, country text,
  settings jsonb, role_id uuid, role_key text, role_name text,
  resources text[], actions text[], scopes text[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF current_user_id() IS DISTINCT FROM wanted_user THEN
    PERFORM require_no_user();
  END IF;
  RETURN QUERY
  SELECT u.id, u.email::text, u.full_name::text, u.locale, u.timezone, u.avatar_url,
    o.id, o.name, o.slug, o.base_currency::text, o.timezone, o.locale, o.country::text, o.settings,
    r.id, r.key, r.name::text, g.resources, g.actions, g.scopes
  FROM users u
  JOIN memberships m ON m.user_id = u.id
  JOIN organizations o ON o.id = m.organization_id
  JOIN roles r ON r.organization_id = m.organization_id AND r.id = m.role_id
  CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(p.resource), '{}') AS resources, coalesce(array_agg(p.action), '{}') AS actions,
      coalesce(array_agg(p.scope), '{}') AS scopes
    FROM role_permissions p WHERE p.organization_id = m.organization_id AND p.role_id = m.role_id
  ) g
  WHERE u.id = wanted_user AND m.organization_id = wanted_organization AND u.is_active AND m.status = 'active'
    AND (wanted_family IS NULL OR EXISTS (
      SELECT 1 FROM refresh_tokens t
      WHERE t.family_id = wanted_family AND t.user_id = wanted_user AND t.revoked_at IS NULL AND t.expires_at > now()));
END
$$;

-- The organizations that a user belongs to, those they may act in first.
CREATE FUNCTION memberships_of(wanted_user uuid)
RETURNS TABLE (organization_id uuid, organization_name text, slug text, role_key text, role_name text, status text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF current_user_id() IS DISTINCT FROM wanted_user THEN
    PERFORM require_no_user();
  END IF;
  RETURN QUERY
  SELECT o.id, o.name, o.slug, r.key, r.name::text, m.status
  FROM memberships m
  JOIN organizations o ON o.id = m.organization_id
  JOIN roles r ON r.organization_id = m.organization_id AND r.id = m.role_id
  WHERE m.user_id = wanted_user AND m.status <> 'suspended'
  ORDER BY m.status, o.name, o.id;
END
$$;

CREATE FUNCTION keep_refresh_token(of_family uuid, of_user uuid, of_organization uuid, new_hash bytea, lifetime_seconds integer)
RETURNS void
LANGUAGE sql SET search_path = public, pg_temp AS $$
  INSERT INTO refresh_tokens (family_id, user_id, organization_id, token_hash, expires_at, ip, user_agent)
  VALUES (of_family, of_user, of_organization, new_hash, now() + make_interval(secs => lifetime_seconds),
    nullif(current_setting('kith.ip', true), '')::inet, nullif(current_setting('kith.user_agent', true), ''))
$$;

-- Opens a session of a user who has proved who they are; without a wish, in the organization they
-- used last. Answers the organization, or nothing when there is none that the user may act in.
CREATE FUNCTION open_session(of_user uuid, wanted_organization uuid, new_family uuid, new_hash bytea, lifetime_seconds integer)
RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  chosen uuid;
BEGIN
  PERFORM require_no_user();
  PERFORM 1 FROM users WHERE id = of_user FOR NO KEY UPDATE;
  SELECT m.organization_id INTO chosen
  FROM memberships m JOIN users u ON u.id = m.user_id
  WHERE m.user_id = of_user AND m.status = 'active' AND u.is_active
    AND (wanted_organization IS NULL OR m.organization_id = wanted_organization)
  ORDER BY (SELECT max(t.created_at) FROM refresh_tokens t WHERE t.user_id = of_user AND t.organization_id = m.organization_id)
    DESC NULLS LAST, m.created_at, m.organization_id
  LIMIT 1;
  IF chosen IS NULL THEN
    RETURN NULL;
  END IF;
  -- Whoever signs in clears away their own tokens that nobody can use any more.
  DELETE FROM refresh_tokens WHERE user_id = of_user AND expires_at < now();
  PERFORM keep_refresh_token(new_family, of_user, chosen, new_hash, lifetime_seconds);
  UPDATE users SET last_login_at = now() WHERE id = of_user;
  PERFORM record_sign_in(chosen, of_user, of_user, '{"outcome": "signed_in"}');
  RETURN chosen;
END
$$;

-- Ends the sessions of a user: one family, all but one, or all. Says so to the nodes.
CREATE FUNCTION revoke_families(of_user uuid, only_family uuid, kept_family uuid) RETURNS void
LANGUAGE sql SET search_path = public, pg_temp AS $$
  WITH ended AS (
    UPDATE refresh_tokens SET revoked_at = now()
    WHERE user_id = of_user AND revoked_at IS NULL
      AND (only_family IS NULL OR family_id = only_family) AND family_id IS DISTINCT FROM kept_family
    RETURNING organization_id
  )
  SELECT pg_notify('kith_access', e.organization_id::text) FROM (SELECT DISTINCT organization_id FROM ended) e
$$;

-- Uses a refresh token up and puts a new one in its place. What was found out must outlast the
-- transaction, so it is answered, never raised:
--   renewed  a new token stands
--   raced    the token was used a moment ago: two tabs of one browser, most likely. No new token,
--            and the session goes on with the one that was given out
--   reused   the token was used before: a copy exists, and the session has ended
--   ended    revoked, expired, or the user may no longer act in the organization
--   unknown  no such token
CREATE FUNCTION renew_session(presented_hash bytea, new_hash bytea, lifetime_seconds integer, grace_seconds integer)
RETURNS TABLE (status text, user_id uuid, organization_id uuid, family_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  presented refresh_tokens;
  outcome text;
BEGIN
  PERFORM require_no_user();
  PERFORM 1 FROM users u
  WHERE u.id = (SELECT t.user_id FROM refresh_tokens t WHERE t.token_hash = presented_hash) FOR NO KEY UPDATE;
  SELECT t.* INTO presented FROM refresh_tokens t WHERE t.token_hash = presented_hash FOR UPDATE;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'unknown', NULL::uuid, NULL::uuid, NULL::uuid;
    RETURN;
  END IF;
  IF presented.revoked_at IS NOT NULL OR presented.expires_at <= now() THEN
    outcome := 'ended';
  ELSIF presented.used_at > clock_timestamp() - make_interval(secs => grace_seconds) THEN
    outcome := 'raced';
  ELSIF presented.used_at IS NOT NULL THEN
    outcome := 'reused';
    PERFORM revoke_families(presented.user_id, presented.family_id, NULL);
    PERFORM record_sign_in(presented.organization_id, presented.user_id, NULL,
      '{"outcome": "session_ended", "reason": "refresh_token_reused"}');
  ELSIF NOT EXISTS (
    SELECT 1 FROM users u JOIN memberships m ON m.user_id = u.id
    WHERE u.id = presented.user_id AND u.is_active AND m.organization_id = presented.organization_id AND m.status = 'active')
  THEN
    outcome := 'ended';
  ELSE
    outcome := 'renewed';
    UPDATE refresh_tokens SET used_at = clock_timestamp() WHERE id = presented.id;
    PERFORM keep_refresh_token(presented.family_id, presented.user_id, presented.organization_id, new_hash, lifetime_seconds);
  END IF;
  RETURN QUERY SELECT outcome, presented.user_id, presented.organization_id, presented.family_id;
END
$$;

-- Goes on with a session in another organization. False when the session has ended or the user may
-- not act there.
CREATE FUNCTION switch_session(of_user uuid, in_family uuid, wanted_organization uuid, new_hash bytea, lifetime_seconds integer)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_no_user();
  PERFORM 1 FROM users WHERE id = of_user FOR NO KEY UPDATE;
  IF NOT EXISTS (
      SELECT 1 FROM refresh_tokens t
      WHERE t.family_id = in_family AND t.user_id = of_user AND t.revoked_at IS NULL AND t.expires_at > now())
    OR NOT EXISTS (
      SELECT 1 FROM users u JOIN memberships m ON m.user_id = u.id
      WHERE u.id = of_user AND u.is_active AND m.organization_id = wanted_organization AND m.status = 'active')
  THEN
    RETURN false;
  END IF;
  UPDATE refresh_tokens SET used_at = clock_timestamp() WHERE family_id = in_family AND used_at IS NULL;
  PERFORM keep_refresh_token(in_family, of_user, wanted_organization, new_hash, lifetime_seconds);
  PERFORM record_sign_in(wanted_organization, of_user, of_user, '{"outcome": "switched"}');
  RETURN true;
END
$$;

-- Signing out, by the session of an access token or by a refresh token.
CREATE FUNCTION end_session(of_user uuid, of_family uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_no_user();
  PERFORM 1 FROM users WHERE id = of_user FOR NO KEY UPDATE;
  PERFORM revoke_families(of_user, of_family, NULL) WHERE of_family IS NOT NULL;
END
$$;

CREATE FUNCTION end_session_of_token(presented_hash bytea)
RETURNS TABLE (user_id uuid, organization_id uuid, family_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_no_user();
  RETURN QUERY SELECT t.user_id, t.organization_id, t.family_id FROM refresh_tokens t WHERE t.token_hash = presented_hash;
  PERFORM end_session(t.user_id, t.family_id) FROM refresh_tokens t WHERE t.token_hash = presented_hash;
END
$$;

-- Puts a new hash in place of the one that was verified. Knowing the old hash is what permits it,
-- so two changes at a time cannot both win.
CREATE FUNCTION rehash_password(of_user uuid, old_hash text, new_hash text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_no_user();
  UPDATE users SET password_hash = new_hash WHERE id = of_user AND password_hash = old_hash;
  RETURN FOUND;
END
$$;

-- The same when the password itself changes: every other session of the user ends.
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

DO $$
DECLARE
  signature text;
BEGIN
  FOREACH signature IN ARRAY ARRAY['require_no_user()', 'record_sign_in(uuid, uuid, uuid, jsonb)',
    'keep_refresh_token(uuid, uuid, uuid, bytea, integer)', 'revoke_families(uuid, uuid, uuid)']
  LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO kith_definer', signature);
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', signature);
  END LOOP;
  FOREACH signature IN ARRAY ARRAY['sign_in_user(text)', 'password_of(uuid)', 'sign_in_failed(uuid, text)', 'any_organization()',
    'register_account(text, text, text, text, text)', 'session_actor(uuid, uuid, uuid)', 'memberships_of(uuid)',
    'open_session(uuid, uuid, uuid, bytea, integer)', 'renew_session(bytea, bytea, integer, integer)',
    'switch_session(uuid, uuid, uuid, bytea, integer)', 'end_session(uuid, uuid)', 'end_session_of_token(bytea)',
    'rehash_password(uuid, text, text)', 'set_password(uuid, text, text, uuid)']
  LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO kith_definer', signature);
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', signature);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO kith_app', signature);
  END LOOP;
END
$$;

-- The nodes keep what session_actor() answers, and an organization's own fields, in memory. The
-- channel kith_access tells them whose to drop: the payload is the organization. These writes are
-- rare, so that a notification (which commits one after the other) costs nothing that counts.
CREATE FUNCTION announce_access() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    PERFORM pg_notify('kith_access', o.organization_id::text) FROM (SELECT DISTINCT organization_id FROM old_rows) o;
  ELSE
    PERFORM pg_notify('kith_access', n.organization_id::text) FROM (SELECT DISTINCT organization_id FROM new_rows) n;
  END IF;
  RETURN NULL;
END
$$;

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['memberships', 'roles', 'role_permissions', 'custom_fields'] LOOP
    EXECUTE format('CREATE TRIGGER %I AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows
      FOR EACH STATEMENT EXECUTE FUNCTION announce_access()', name || '_access_insert', name);
    EXECUTE format('CREATE TRIGGER %I AFTER UPDATE ON %I REFERENCING NEW TABLE AS new_rows
      FOR EACH STATEMENT EXECUTE FUNCTION announce_access()', name || '_access_update', name);
    EXECUTE format('CREATE TRIGGER %I AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows
      FOR EACH STATEMENT EXECUTE FUNCTION announce_access()', name || '_access_delete', name);
  END LOOP;
END
$$;

CREATE FUNCTION announce_organization() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('kith_access', OLD.id::text);
  RETURN NULL;
END
$$;
CREATE TRIGGER organizations_access AFTER UPDATE OR DELETE ON organizations
  FOR EACH ROW EXECUTE FUNCTION announce_organization();

-- A user who is switched off is out at once: access_scope() asks whether they are active, their
-- sessions end here. Only what is kept in memory is news; the time of a sign-in is not.
CREATE FUNCTION announce_user() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF OLD.is_active AND NOT NEW.is_active THEN
    PERFORM revoke_families(NEW.id, NULL, NULL);
  END IF;
  PERFORM pg_notify('kith_access', m.organization_id::text) FROM memberships m WHERE m.user_id = NEW.id;
  RETURN NULL;
END
$$;
ALTER FUNCTION announce_user() OWNER TO kith_definer;
CREATE TRIGGER users_access AFTER UPDATE ON users
  FOR EACH ROW WHEN ((OLD.is_active, OLD.email, OLD.full_name, OLD.locale, OLD.timezone, OLD.avatar_url)
    IS DISTINCT FROM (NEW.is_active, NEW.email, NEW.full_name, NEW.locale, NEW.timezone, NEW.avatar_url))
  EXECUTE FUNCTION announce_user();
