-- People: mail that is due, links that prove an address, invitations, second factors, API keys, roles as
-- a matrix, and the hand-over of what somebody leaves behind.
--
-- As in 0007 the application's role reaches none of the secrets. Functions that speak before anybody is
-- signed in refuse to run in a transaction that acts for a user; those about one's own account act for
-- the user of the transaction and nobody else.

-- Mail that is due. A row says which mail, to whom and about what, and never its text: that is written
-- when it is sent, from what is true then, with a link made for this one mail. So nothing secret rests
-- here, and a request that asks for mail does the same work whether the address has an account or not.
CREATE TABLE outgoing_mail (
  id               uuid PRIMARY KEY DEFAULT uuid_v7(),
  kind             text NOT NULL CHECK (kind IN ('verify_email', 'reset_password', 'invitation', 'password_changed',
                     'second_factor_enabled', 'second_factor_disabled', 'api_key_created')),
  -- The address that was asked about; without one it is the user's.
  recipient        email_address,
  user_id          uuid REFERENCES users ON DELETE CASCADE,
  organization_id  uuid REFERENCES organizations ON DELETE CASCADE,
  details          jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(details) = 'object'),
  -- dropped: when its turn came there was nobody to send it to, or nothing to say any more.
  -- dead: given up after too many attempts, or refused for good.
  status           text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'sending', 'sent', 'dropped', 'dead')),
  attempts         integer NOT NULL DEFAULT 0,
  -- For mail that is being sent: when its sender is given up for lost.
  due_at           timestamptz NOT NULL DEFAULT now(),
  last_error       text CHECK (char_length(last_error) <= 1000),
  created_at       timestamptz NOT NULL DEFAULT now(),
  finished_at      timestamptz,
  CHECK (recipient IS NOT NULL OR user_id IS NOT NULL)
);
CREATE INDEX outgoing_mail_due ON outgoing_mail (due_at) WHERE status IN ('queued', 'sending');
CREATE INDEX outgoing_mail_finished ON outgoing_mail (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX outgoing_mail_waiting ON outgoing_mail (kind, recipient) WHERE status = 'queued';
CALL forbid_by_default('outgoing_mail');

-- What a link in a mail proves: that whoever follows it reads that mailbox. 256 random bits of which the
-- hash is kept; used once.
CREATE TABLE one_time_tokens (
  id               uuid PRIMARY KEY DEFAULT uuid_v7(),
  purpose          text NOT NULL CHECK (purpose IN ('verify_email', 'reset_password', 'invitation')),
  user_id          uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  organization_id  uuid,
  -- Where it was sent: a link to an address that the user no longer has proves nothing.
  email            email_address NOT NULL,
  token_hash       bytea NOT NULL UNIQUE,
  expires_at       timestamptz NOT NULL,
  created_at       timestamptz NOT NULL DEFAULT now(),
  FOREIGN KEY (organization_id, user_id) REFERENCES memberships (organization_id, user_id) ON DELETE CASCADE,
  CHECK ((purpose = 'invitation') = (organization_id IS NOT NULL))
);
CREATE INDEX one_time_tokens_user ON one_time_tokens (user_id, purpose);
CREATE INDEX one_time_tokens_expiry ON one_time_tokens (expires_at);
CALL forbid_by_default('one_time_tokens');

-- Puts a mail into the queue, in the transaction of what it tells about, and wakes whoever sends. The
-- same mail to the same address that waits already is not sent twice.
CREATE FUNCTION queue_mail(new_kind text, to_address text, to_user uuid, at_organization uuid, new_details jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO outgoing_mail (kind, recipient, user_id, organization_id, details)
  SELECT new_kind, to_address, to_user, at_organization, new_details
  WHERE NOT EXISTS (
    SELECT 1 FROM outgoing_mail m
    WHERE m.kind = new_kind AND m.recipient = to_address AND m.status = 'queued'
      AND m.organization_id IS NOT DISTINCT FROM at_organization);
  PERFORM pg_notify('kith_mail', '');
END
$$;

-- Somebody says that they forgot the password of this address. Whether anybody has it is found out when
-- the mail is sent.
CREATE FUNCTION request_password_reset(wanted_email text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_no_user();
  PERFORM queue_mail('reset_password', wanted_email, NULL, NULL, '{}');
END
$$;

-- Asks a user to prove their address, unless they have.
CREATE FUNCTION request_verification(of_user uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF current_user_id() IS DISTINCT FROM of_user THEN
    PERFORM require_no_user();
  END IF;
  PERFORM queue_mail('verify_email', u.email, u.id, NULL, '{}')
  FROM users u WHERE u.id = of_user AND u.email IS NOT NULL AND NOT u.is_verified;
END
$$;

-- Takes the next mail that is due, for the time in which sending it must be done: after that, somebody
-- else may take it. Nodes do not wait for each other.
CREATE FUNCTION take_mail(lease_seconds integer) RETURNS TABLE (id uuid, kind text, attempts integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_no_user();
  RETURN QUERY
  UPDATE outgoing_mail m SET status = 'sending', attempts = m.attempts + 1, due_at = now() + make_interval(secs => lease_seconds)
  WHERE m.id = (
    SELECT w.id FROM outgoing_mail w
    WHERE w.status IN ('queued', 'sending') AND w.due_at <= now()
    ORDER BY w.due_at, w.id LIMIT 1 FOR UPDATE SKIP LOCKED)
  RETURNING m.id, m.kind, m.attempts;
END
$$;

-- Addresses a mail that was taken: to whom, about what, and the link's token made good. No row when it
-- has become pointless (nobody has the address, it is verified already, the invitation was withdrawn).
CREATE FUNCTION address_mail(of_mail uuid, new_hash bytea)
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

-- What became of a mail: 'sent', 'retry' (after a pause) or 'dead'. Clears away what is long done.
CREATE FUNCTION settle_mail(of_mail uuid, outcome text, what_happened text, pause_seconds integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_no_user();
  UPDATE outgoing_mail SET
    status = CASE outcome WHEN 'retry' THEN 'queued' ELSE outcome END,
    due_at = CASE outcome WHEN 'retry' THEN now() + make_interval(secs => pause_seconds) ELSE due_at END,
    last_error = left(what_happened, 1000),
    finished_at = CASE outcome WHEN 'retry' THEN NULL ELSE now() END
  WHERE id = of_mail AND status = 'sending';
  DELETE FROM outgoing_mail WHERE status IN ('sent', 'dropped') AND finished_at < now() - interval '30 days';
  DELETE FROM one_time_tokens WHERE expires_at < now() - interval '1 day';
END
$$;

-- Seconds until the next mail is due; null when none waits.
CREATE FUNCTION next_mail_due() RETURNS double precision
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_no_user();
  RETURN (SELECT extract(epoch FROM greatest(min(due_at) - now(), interval '0')) FROM outgoing_mail WHERE status IN ('queued', 'sending'));
END
$$;

-- Leaves something that concerns a person's account in the trail of every organization they act in.
CREATE FUNCTION record_account(about_user uuid, acting_user uuid, what jsonb) RETURNS void
LANGUAGE sql SET search_path = public, pg_temp AS $$
  SELECT record_sign_in(m.organization_id, about_user, acting_user, what)
  FROM memberships m WHERE m.user_id = about_user AND m.status = 'active'
$$;

CREATE FUNCTION prove_address(of_user uuid) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE users SET is_verified = true, updated_at = now() WHERE id = of_user AND NOT is_verified;
  DELETE FROM one_time_tokens WHERE user_id = of_user AND purpose = 'verify_email';
END
$$;

-- Proves the address of whoever followed the link. False for a link that is unknown, used or too old.
CREATE FUNCTION verify_email(presented_hash bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  proven uuid;
BEGIN
  PERFORM require_no_user();
  DELETE FROM one_time_tokens t USING users u
  WHERE t.token_hash = presented_hash AND t.purpose = 'verify_email' AND t.expires_at > now()
    AND u.id = t.user_id AND u.email = t.email AND u.is_active
  RETURNING t.user_id INTO proven;
  IF proven IS NULL THEN
    RETURN false;
  END IF;
  PERFORM prove_address(proven);
  PERFORM record_account(proven, proven, '{"outcome": "email_verified"}');
  RETURN true;
END
$$;

-- Whose password a link may set, so that the new one can be looked at before it is hashed. Uses nothing up.
CREATE FUNCTION reset_subject(presented_hash bytea) RETURNS TABLE (email text, full_name text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_no_user();
  RETURN QUERY
  SELECT u.email::text, u.full_name::text
  FROM one_time_tokens t JOIN users u ON u.id = t.user_id AND u.email = t.email AND u.is_active
  WHERE t.token_hash = presented_hash AND t.purpose = 'reset_password' AND t.expires_at > now();
END
$$;

-- Sets a new password by a link from a mail, and ends every session. Answers whose it is, or nothing
-- for a link that is unknown, used or too old.
CREATE FUNCTION reset_password(presented_hash bytea, new_hash text) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  person users;
BEGIN
  PERFORM require_no_user();
  PERFORM 1 FROM users u
  WHERE u.id = (SELECT t.user_id FROM one_time_tokens t WHERE t.token_hash = presented_hash) FOR NO KEY UPDATE;
  DELETE FROM one_time_tokens t USING users u
  WHERE t.token_hash = presented_hash AND t.purpose = 'reset_password' AND t.expires_at > now()
    AND u.id = t.user_id AND u.email = t.email AND u.is_active
  RETURNING u.* INTO person;
  IF person.id IS NULL THEN
    RETURN NULL;
  END IF;
  UPDATE users SET password_hash = new_hash, updated_at = now() WHERE id = person.id;
  DELETE FROM one_time_tokens WHERE user_id = person.id AND purpose = 'reset_password';
  -- Until now anybody could have made the account in this address's name: what they prepared ends with
  -- their password.
  IF NOT person.is_verified THEN
    PERFORM remove_second_factor(person.id);
    DELETE FROM api_keys WHERE user_id = person.id;
  END IF;
  PERFORM prove_address(person.id);
  PERFORM revoke_families(person.id, NULL, NULL);
  PERFORM record_account(person.id, person.id, '{"outcome": "password_reset"}');
  PERFORM queue_mail('password_changed', NULL, person.id, NULL, account_origin());
  RETURN person.id;
END
$$;

-- From where an account was changed, for the mail that tells its owner.
CREATE FUNCTION account_origin() RETURNS jsonb
LANGUAGE sql STABLE AS $$
  SELECT jsonb_strip_nulls(jsonb_build_object(
    'ip', nullif(current_setting('kith.ip', true), ''), 'user_agent', nullif(current_setting('kith.user_agent', true), '')))
$$;

-- API keys. A key acts as its user in one organization, and never for more than its scopes:
--   resource:action   that permission, as far as the user holds it
--   read              every permission to read
--   *                 everything about records
--   account:manage    the user's own keys, sessions, second factor and password
-- Managing people (changes to users, roles and teams) and the account is never within * and has to be
-- named. The transaction says which key acts, and access_scope() looks its scopes up here: whatever the
-- server believes, a key cannot do more.
CREATE TABLE api_keys (
  organization_id  uuid NOT NULL,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  user_id          uuid NOT NULL,
  name             text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
  -- The beginning of the key, by which people tell keys apart.
  prefix           text NOT NULL CHECK (prefix ~ '^kith_[0-9A-Za-z]{6}$'),
  key_hash         bytea NOT NULL UNIQUE,
  scopes           text[] NOT NULL CHECK (cardinality(scopes) BETWEEN 1 AND 500),
  expires_at       timestamptz,
  created_at       timestamptz NOT NULL DEFAULT now(),
  last_used_at     timestamptz,
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, user_id) REFERENCES memberships (organization_id, user_id) ON DELETE CASCADE
);
CREATE INDEX api_keys_user ON api_keys (organization_id, user_id);
CALL forbid_by_default('api_keys');

-- Whether scopes reach a permission.
CREATE FUNCTION scopes_cover(held text[], resource text, action text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
  SELECT resource || ':' || action = ANY (held)
    OR NOT (resource = 'account' OR resource IN ('users', 'roles', 'teams') AND action <> 'read')
      AND ('*' = ANY (held) OR action = 'read' AND 'read' = ANY (held))
$$;

-- The scopes of the key that acts: null when none does (somebody is signed in), empty for a key that is
-- gone, too old or another user's.
CREATE FUNCTION acting_key_scopes() RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  acting constant text := nullif(current_setting('kith.key', true), '');
BEGIN
  IF acting IS NULL THEN
    RETURN NULL;
  END IF;
  RETURN coalesce((
    SELECT k.scopes FROM api_keys k
    WHERE k.organization_id = current_organization_id() AND k.id = acting::uuid AND k.user_id = current_user_id()
      AND (k.expires_at IS NULL OR k.expires_at > now())), '{}');
END
$$;

CREATE FUNCTION key_allows(resource text, action text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN nullif(current_setting('kith.key', true), '') IS NULL OR scopes_cover(acting_key_scopes(), resource, action);
END
$$;

-- As before, and narrowed by the key that acts.
CREATE OR REPLACE FUNCTION access_scope(wanted_resource text, wanted_action text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF nullif(current_setting('kith.key', true), '') IS NOT NULL AND NOT key_allows(wanted_resource, wanted_action) THEN
    RETURN NULL;
  END IF;
  RETURN (
    SELECT p.scope
    FROM memberships m
    JOIN users u ON u.id = m.user_id AND u.is_active
    JOIN role_permissions p ON p.organization_id = m.organization_id AND p.role_id = m.role_id
    WHERE m.organization_id = current_organization_id() AND m.user_id = current_user_id()
      AND m.status = 'active' AND p.resource = wanted_resource AND p.action = wanted_action);
END
$$;

-- A key sees colleagues only when it may read users.
DROP POLICY users_read ON users;
CREATE POLICY users_read ON users FOR SELECT TO kith_app
  USING ((SELECT key_allows('users', 'read')) AND EXISTS (
    SELECT 1 FROM memberships m
    WHERE m.organization_id = current_organization_id() AND m.user_id = users.id)
    OR id = (SELECT current_user_id()));

-- Refuses unless somebody acts who may manage their own account.
CREATE FUNCTION require_own_account() RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF current_user_id() IS NULL THEN
    RAISE EXCEPTION 'This function acts for a user.' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF NOT key_allows('account', 'manage') THEN
    RAISE EXCEPTION 'This API key may not manage the account of its user. It would need the scope account:manage.' USING ERRCODE = 'KT403';
  END IF;
END
$$;

CREATE POLICY api_keys_own ON api_keys FOR SELECT TO kith_app
  USING (organization_id = current_organization_id() AND user_id = (SELECT current_user_id())
    AND (SELECT key_allows('account', 'manage')));
GRANT SELECT (organization_id, id, user_id, name, prefix, scopes, expires_at, created_at, last_used_at) ON api_keys TO kith_app;

-- A permission was given or taken away.
CREATE FUNCTION record_permission(of_entity text, of_record uuid, olds jsonb, news jsonb) RETURNS void
LANGUAGE sql SET search_path = public, pg_temp AS $$
  INSERT INTO audit_log (organization_id, entity_type, record_id, action, old_values, new_values, changed_fields, user_id,
    change_set_id, origin, ip_address, user_agent)
  VALUES (current_organization_id(), of_entity, of_record, 'PERMISSION', olds, news,
    ARRAY(SELECT jsonb_object_keys(coalesce(olds, '{}') || coalesce(news, '{}')) ORDER BY 1),
    current_user_id(), current_change_set_id(), nullif(current_setting('kith.origin', true), ''),
    nullif(current_setting('kith.ip', true), '')::inet, nullif(current_setting('kith.user_agent', true), ''))
$$;

-- Makes a key for the acting user. One key makes another only within its own scopes.
CREATE FUNCTION create_api_key(new_name text, new_prefix text, new_hash bytea, new_scopes text[], new_expiry timestamptz) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  mine constant text[] := acting_key_scopes();
  wanted text;
  made uuid;
BEGIN
  PERFORM require_own_account();
  FOREACH wanted IN ARRAY new_scopes LOOP
    IF NOT (wanted IN ('*', 'read', 'account:manage')
        OR EXISTS (SELECT 1 FROM permissions p WHERE p.resource || ':' || p.action = wanted)) THEN
      RAISE EXCEPTION '"%" is no scope. Give "read", "*" or permissions such as "companies:read".', left(wanted, 60)
        USING ERRCODE = 'KT422', COLUMN = 'scopes';
    END IF;
    IF mine IS NOT NULL AND NOT (CASE
        WHEN wanted = '*' THEN '*' = ANY (mine)
        WHEN wanted = 'read' THEN '*' = ANY (mine) OR 'read' = ANY (mine)
        ELSE scopes_cover(mine, split_part(wanted, ':', 1), split_part(wanted, ':', 2)) END) THEN
      RAISE EXCEPTION 'A key cannot make one that may do more than itself: "%" is not within its scopes.', wanted
        USING ERRCODE = 'KT403', COLUMN = 'scopes';
    END IF;
  END LOOP;
  IF new_expiry <= now() THEN
    RAISE EXCEPTION 'must be in the future' USING ERRCODE = 'KT422', COLUMN = 'expires_at';
  END IF;
  -- Whoever makes keys of one account at the same time waits here, so that the count holds.
  PERFORM 1 FROM memberships WHERE organization_id = current_organization_id() AND user_id = current_user_id() FOR NO KEY UPDATE;
  IF (SELECT count(*) FROM api_keys k WHERE k.organization_id = current_organization_id() AND k.user_id = current_user_id()) >= 50 THEN
    RAISE EXCEPTION 'You have 50 keys already. Remove those that nothing uses any more.' USING ERRCODE = 'KT409';
  END IF;
  INSERT INTO api_keys (organization_id, user_id, name, prefix, key_hash, scopes, expires_at)
  VALUES (current_organization_id(), current_user_id(), new_name, new_prefix, new_hash, new_scopes, new_expiry)
  RETURNING id INTO made;
  PERFORM record_permission('user', current_user_id(), NULL,
    jsonb_build_object('api_key', new_prefix, 'name', new_name, 'scopes', to_jsonb(new_scopes), 'expires_at', new_expiry));
  PERFORM queue_mail('api_key_created', NULL, current_user_id(), current_organization_id(),
    account_origin() || jsonb_build_object('name', new_name, 'prefix', new_prefix));
  RETURN made;
END
$$;

-- Ends a key of the acting user at once. False when there is none.
CREATE FUNCTION delete_api_key(of_key uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  gone api_keys;
BEGIN
  PERFORM require_own_account();
  DELETE FROM api_keys k
  WHERE k.organization_id = current_organization_id() AND k.user_id = current_user_id() AND k.id = of_key
  RETURNING k.* INTO gone;
  IF gone.id IS NULL THEN
    RETURN false;
  END IF;
  PERFORM record_permission('user', current_user_id(),
    jsonb_build_object('api_key', gone.prefix, 'name', gone.name, 'scopes', to_jsonb(gone.scopes)), NULL);
  PERFORM pg_notify('kith_access', gone.organization_id::text);
  RETURN true;
END
$$;

-- As session_actor(), for whoever presents a key; the grants are those that the key leaves.
CREATE FUNCTION key_actor(presented_hash bytea)
RETURNS TABLE (
  user_id uuid, email text, full_name text, user_locale text, user_timezone text, avatar_url text,
  organization_id uuid, organization_name text, slug text, base_currency text, timezone text, locale text, country text,
  settings jsonb, role_id uuid, role_key text, role_name text,
  resources text[], actions text[], scopes text[], key_id uuid, key_prefix text, expires_at timestamptz, manages_account boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM require_no_user();
  RETURN QUERY
  SELECT a.user_id, a.email, a.full_name, a.user_locale, a.user_timezone, a.avatar_url, a.organization_id, a.organization_name, a.slug,
    a.base_currency, a.timezone, a.locale, a.country, a.settings, a.role_id, a.role_key, a.role_name,
    g.resources, g.actions, g.scopes, k.id, k.prefix, k.expires_at, scopes_cover(k.scopes, 'account', 'manage')
  FROM api_keys k
  CROSS JOIN LATERAL session_actor(k.user_id, k.organization_id, NULL) a
  CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(p.resource), '{}') AS resources, coalesce(array_agg(p.action), '{}') AS actions,
      coalesce(array_agg(p.scope), '{}') AS scopes
    FROM unnest(a.resources, a.actions, a.scopes) AS p (resource, action, scope)
    WHERE scopes_cover(k.scopes, p.resource, p.action)
  ) g
  WHERE k.key_hash = presented_hash AND (k.expires_at IS NULL OR k.expires_at > now());
END
$$;

-- Notes that a key is in use; at most once a minute.
CREATE FUNCTION touch_api_key(at_organization uuid, of_key uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_no_user();
  UPDATE api_keys k SET last_used_at = now()
  WHERE k.organization_id = at_organization AND k.id = of_key
    AND (k.last_used_at IS NULL OR k.last_used_at < now() - interval '55 seconds');
END
$$;

-- The sessions of the acting user: one row a sign-in, as it was last renewed.
CREATE FUNCTION own_sessions()
RETURNS TABLE (id uuid, created_at timestamptz, last_used_at timestamptz, expires_at timestamptz, ip_address text, user_agent text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_own_account();
  RETURN QUERY
  SELECT t.family_id, min(t.created_at), max(t.created_at), max(t.expires_at),
    (array_agg(host(t.ip) ORDER BY t.created_at DESC))[1], (array_agg(t.user_agent ORDER BY t.created_at DESC))[1]
  FROM refresh_tokens t
  WHERE t.user_id = current_user_id() AND t.revoked_at IS NULL
  GROUP BY t.family_id
  HAVING max(t.expires_at) > now()
  ORDER BY 3 DESC, 1;
END
$$;

-- Ends one session of the acting user. False when there is none.
CREATE FUNCTION end_own_session(of_family uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_own_account();
  PERFORM 1 FROM users WHERE id = current_user_id() FOR NO KEY UPDATE;
  IF NOT EXISTS (
      SELECT 1 FROM refresh_tokens t
      WHERE t.family_id = of_family AND t.user_id = current_user_id() AND t.revoked_at IS NULL AND t.expires_at > now()) THEN
    RETURN false;
  END IF;
  PERFORM revoke_families(current_user_id(), of_family, NULL);
  RETURN true;
END
$$;

-- Ends every session of the acting user but one.
CREATE FUNCTION end_other_sessions(kept_family uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_own_account();
  PERFORM 1 FROM users WHERE id = current_user_id() FOR NO KEY UPDATE;
  PERFORM revoke_families(current_user_id(), NULL, kept_family);
END
$$;

-- Puts a new password in place of the one that was verified; knowing its hash is what permits it. Every
-- other session ends. Takes the place of set_password().
DROP FUNCTION set_password(uuid, text, text, uuid);
CREATE FUNCTION change_password(old_hash text, new_hash text, kept_family uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_own_account();
  UPDATE users SET password_hash = new_hash, updated_at = now() WHERE id = current_user_id() AND password_hash = old_hash;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  DELETE FROM one_time_tokens WHERE user_id = current_user_id() AND purpose = 'reset_password';
  PERFORM revoke_families(current_user_id(), NULL, kept_family);
  PERFORM record_account(current_user_id(), current_user_id(), '{"outcome": "password_changed"}');
  PERFORM queue_mail('password_changed', NULL, current_user_id(), NULL, account_origin());
  RETURN true;
END
$$;

-- What people change about themselves; members that are not given stay. Every organization they belong
-- to has it in its history.
CREATE FUNCTION update_own_profile(changes jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  before users;
  after users;
  olds jsonb;
  news jsonb;
BEGIN
  PERFORM require_own_account();
  SELECT u.* INTO before FROM users u WHERE u.id = current_user_id() FOR NO KEY UPDATE;
  UPDATE users u SET
    full_name = coalesce(changes ->> 'full_name', u.full_name),
    phone = CASE WHEN changes ? 'phone' THEN changes ->> 'phone' ELSE u.phone END,
    locale = CASE WHEN changes ? 'locale' THEN changes ->> 'locale' ELSE u.locale END,
    timezone = CASE WHEN changes ? 'timezone' THEN changes ->> 'timezone' ELSE u.timezone END,
    avatar_url = CASE WHEN changes ? 'avatar_url' THEN changes ->> 'avatar_url' ELSE u.avatar_url END,
    updated_at = now()
  WHERE u.id = current_user_id() RETURNING u.* INTO after;
  SELECT jsonb_object_agg(o.key, o.value), jsonb_object_agg(o.key, n.value) INTO olds, news
  FROM jsonb_each(to_jsonb(before)) o JOIN jsonb_each(to_jsonb(after)) n USING (key)
  WHERE o.key IN ('full_name', 'phone', 'locale', 'timezone', 'avatar_url') AND o.value IS DISTINCT FROM n.value;
  IF olds IS NULL THEN
    RETURN;
  END IF;
  INSERT INTO audit_log (organization_id, entity_type, record_id, action, version, old_values, new_values, changed_fields, user_id,
    change_set_id, origin, ip_address, user_agent)
  SELECT m.organization_id, 'user', m.user_id, 'UPDATE', m.version, olds, news, ARRAY(SELECT jsonb_object_keys(olds) ORDER BY 1),
    m.user_id, current_change_set_id(), nullif(current_setting('kith.origin', true), ''),
    nullif(current_setting('kith.ip', true), '')::inet, nullif(current_setting('kith.user_agent', true), '')
  FROM memberships m WHERE m.user_id = current_user_id() AND m.status = 'active';
  INSERT INTO events (organization_id, entity, record_id, action, version, changed, actor_id, change_set_id)
  SELECT m.organization_id, 'user', m.user_id, 'updated', m.version, ARRAY(SELECT jsonb_object_keys(olds) ORDER BY 1), m.user_id,
    current_change_set_id()
  FROM memberships m WHERE m.user_id = current_user_id() AND m.status = 'active';
END
$$;

-- The second factor: codes of an authenticator (TOTP). The secret is sealed with a key that only the
-- program has, so the database can neither make nor check a code; it holds that each is used once.
CREATE TABLE second_factors (
  user_id        uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
  sealed_secret  bytea NOT NULL,
  -- Null while it is being set up and no code has proven that the authenticator works.
  enabled_at     timestamptz,
  -- The newest time step (30 seconds) whose code was used: that code and older ones are spent.
  last_step      bigint NOT NULL DEFAULT 0,
  -- Wrong codes in a row, and until when none is looked at because of them.
  failures       integer NOT NULL DEFAULT 0,
  blocked_until  timestamptz,
  created_at     timestamptz NOT NULL DEFAULT now()
);
CALL forbid_by_default('second_factors');
-- For whoever lost their authenticator. 80 random bits each, of which the hash is kept; used once.
CREATE TABLE recovery_codes (
  user_id     uuid NOT NULL REFERENCES second_factors ON DELETE CASCADE,
  code_hash   bytea NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, code_hash)
);
CALL forbid_by_default('recovery_codes');
-- The same in brief, for lists of people.
ALTER TABLE users ADD COLUMN has_second_factor boolean NOT NULL DEFAULT false;
GRANT SELECT (has_second_factor) ON users TO kith_app;

CREATE FUNCTION note_second_factor() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE users u SET has_second_factor = EXISTS (SELECT 1 FROM second_factors f WHERE f.user_id = u.id AND f.enabled_at IS NOT NULL)
  WHERE u.id = coalesce(NEW.user_id, OLD.user_id);
  RETURN NULL;
END
$$;
ALTER FUNCTION note_second_factor() OWNER TO kith_definer;
CREATE TRIGGER second_factors_noted AFTER INSERT OR UPDATE OF enabled_at OR DELETE ON second_factors
  FOR EACH ROW EXECUTE FUNCTION note_second_factor();

-- What is needed to check a code: no row without a factor. For sign-in, and for one's own.
CREATE FUNCTION second_factor_of(of_user uuid)
RETURNS TABLE (sealed_secret bytea, enabled boolean, recovery_codes_left integer, blocked_seconds integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF current_user_id() IS NOT DISTINCT FROM of_user THEN
    PERFORM require_own_account();
  ELSE
    PERFORM require_no_user();
  END IF;
  RETURN QUERY
  SELECT f.sealed_secret, f.enabled_at IS NOT NULL, (SELECT count(*)::integer FROM recovery_codes c WHERE c.user_id = f.user_id),
    ceil(extract(epoch FROM f.blocked_until - now()))::integer
  FROM second_factors f WHERE f.user_id = of_user;
END
$$;

-- Spends a code: the step of one from the authenticator, or the hash of a recovery code. False for one
-- that is spent. `of_user`'s row is locked by the caller.
CREATE FUNCTION spend_code(of_user uuid, at_step bigint, recovery_hash bytea) RETURNS boolean
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF at_step IS NOT NULL THEN
    UPDATE second_factors SET last_step = at_step, failures = 0, blocked_until = NULL
    WHERE user_id = of_user AND enabled_at IS NOT NULL AND last_step < at_step;
    RETURN FOUND;
  END IF;
  DELETE FROM recovery_codes WHERE user_id = of_user AND code_hash = recovery_hash;
  IF FOUND THEN
    UPDATE second_factors SET failures = 0, blocked_until = NULL WHERE user_id = of_user;
    PERFORM record_account(of_user, of_user, '{"outcome": "recovery_code_used"}');
    RETURN true;
  END IF;
  RETURN false;
END
$$;

-- Counts a wrong code. From the fifth in a row on none is looked at for a while, each time twice as long,
-- up to an hour: whoever has the password has no use for guessing.
CREATE FUNCTION second_factor_failed(of_user uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_no_user();
  UPDATE second_factors SET failures = failures + 1,
    blocked_until = CASE WHEN failures >= 4 THEN now() + least(interval '1 hour', interval '30 seconds' * power(2, least(failures - 4, 10))) END
  WHERE user_id = of_user;
  PERFORM record_account(of_user, NULL, '{"outcome": "failed", "reason": "second_factor"}');
END
$$;

-- Begins to set a factor up, anew as often as wanted until a code proves it.
CREATE FUNCTION begin_second_factor(new_secret bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_own_account();
  INSERT INTO second_factors (user_id, sealed_secret) VALUES (current_user_id(), new_secret)
  ON CONFLICT (user_id) DO UPDATE SET sealed_secret = excluded.sealed_secret, last_step = 0, created_at = now()
  WHERE second_factors.enabled_at IS NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'Your second factor is on already. Turn it off before you set up another.' USING ERRCODE = 'KT409';
  END IF;
END
$$;

CREATE FUNCTION keep_recovery_codes(hashes bytea[]) RETURNS void
LANGUAGE sql SET search_path = public, pg_temp AS $$
  DELETE FROM recovery_codes WHERE user_id = current_user_id();
  INSERT INTO recovery_codes (user_id, code_hash) SELECT current_user_id(), h FROM unnest(hashes) h
$$;

-- Turns the factor on, with the step of the code that proved it. False when none is being set up.
CREATE FUNCTION enable_second_factor(at_step bigint, hashes bytea[]) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_own_account();
  PERFORM 1 FROM users WHERE id = current_user_id() FOR NO KEY UPDATE;
  UPDATE second_factors SET enabled_at = now(), last_step = at_step, failures = 0, blocked_until = NULL
  WHERE user_id = current_user_id() AND enabled_at IS NULL;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM keep_recovery_codes(hashes);
  PERFORM record_account(current_user_id(), current_user_id(), '{"outcome": "second_factor_enabled"}');
  PERFORM queue_mail('second_factor_enabled', NULL, current_user_id(), NULL, account_origin());
  RETURN true;
END
$$;

-- New recovery codes for old, at the price of a code. False when the code is spent.
CREATE FUNCTION renew_recovery_codes(at_step bigint, recovery_hash bytea, hashes bytea[]) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_own_account();
  PERFORM 1 FROM users WHERE id = current_user_id() FOR NO KEY UPDATE;
  IF NOT spend_code(current_user_id(), at_step, recovery_hash) THEN
    RETURN false;
  END IF;
  PERFORM keep_recovery_codes(hashes);
  PERFORM record_account(current_user_id(), current_user_id(), '{"outcome": "recovery_codes_renewed"}');
  RETURN true;
END
$$;

-- Turns the factor off, at the price of a code. False when the code is spent.
CREATE FUNCTION disable_second_factor(at_step bigint, recovery_hash bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_own_account();
  PERFORM 1 FROM users WHERE id = current_user_id() FOR NO KEY UPDATE;
  IF NOT spend_code(current_user_id(), at_step, recovery_hash) THEN
    RETURN false;
  END IF;
  PERFORM remove_second_factor(current_user_id());
  RETURN true;
END
$$;

CREATE FUNCTION remove_second_factor(of_user uuid) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  DELETE FROM second_factors WHERE user_id = of_user;
  IF FOUND THEN
    PERFORM record_account(of_user, current_user_id(), '{"outcome": "second_factor_disabled"}');
    PERFORM queue_mail('second_factor_disabled', NULL, of_user, NULL, account_origin());
  END IF;
END
$$;

-- Opens a session as open_session() does, which the application can no longer do by itself: an account
-- with a second factor gives a code of it.
--   opened         the session stands
--   not_a_member   there is no organization (or not this one) in which the user may act
--   second_factor  no code, or one that is spent
CREATE FUNCTION open_proven_session(of_user uuid, wanted_organization uuid, new_family uuid, new_hash bytea, lifetime_seconds integer,
  at_step bigint, recovery_hash bytea)
RETURNS TABLE (status text, organization_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  chosen uuid;
BEGIN
  PERFORM require_no_user();
  PERFORM 1 FROM users WHERE id = of_user FOR NO KEY UPDATE;
  IF EXISTS (SELECT 1 FROM second_factors f WHERE f.user_id = of_user AND f.enabled_at IS NOT NULL)
    AND NOT spend_code(of_user, at_step, recovery_hash) THEN
    RETURN QUERY SELECT 'second_factor', NULL::uuid;
    RETURN;
  END IF;
  chosen := open_session(of_user, wanted_organization, new_family, new_hash, lifetime_seconds);
  RETURN QUERY SELECT CASE WHEN chosen IS NULL THEN 'not_a_member' ELSE 'opened' END, chosen;
END
$$;
REVOKE EXECUTE ON FUNCTION open_session(uuid, uuid, uuid, bytea, integer) FROM kith_app;

-- Invitations. Until they accept, a person is what this organization says about them: the address stands
-- in the membership, not in users, so that inviting somebody neither takes their address nor tells
-- whether it has an account elsewhere.
ALTER TABLE memberships
  ADD COLUMN email       email_address,
  ADD COLUMN invited_at  timestamptz,
  ADD COLUMN invited_by  uuid;
CREATE UNIQUE INDEX memberships_email_unique ON memberships (organization_id, email) WHERE status = 'invited';

CREATE FUNCTION move_invited_addresses() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE memberships m SET email = u.email FROM users u
  WHERE u.id = m.user_id AND m.status = 'invited' AND u.email IS NOT NULL AND u.password_hash IS NULL;
  UPDATE users u SET email = NULL
  WHERE u.password_hash IS NULL AND u.email IS NOT NULL
    AND EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = u.id AND m.email = u.email)
    AND NOT EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = u.id AND m.status <> 'invited');
$$;
ALTER FUNCTION move_invited_addresses() OWNER TO kith_definer;
SELECT move_invited_addresses();
DROP FUNCTION move_invited_addresses();

-- The role of the acting organization's owners.
CREATE FUNCTION owner_role_id() RETURNS uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN (SELECT r.id FROM roles r WHERE r.organization_id = current_organization_id() AND r.key = 'owner');
END
$$;

CREATE OR REPLACE VIEW members WITH (security_invoker = true) AS
SELECT m.organization_id, m.user_id AS id, u.full_name, coalesce(u.email, m.email)::email_address AS email, u.phone, u.avatar_url,
  m.job_title, m.role_id, m.status, m.manager_id, m.team_id, u.is_verified, u.last_login_at, m.created_at, m.created_by, m.updated_at,
  m.updated_by, m.version,
  m.role_id = (SELECT owner_role_id()) AS is_owner, m.invited_at,
  -- Who has none is for those to know who can ask for it.
  CASE WHEN (SELECT access_scope('users', 'update')) = 'all' OR m.user_id = (SELECT current_user_id()) THEN u.has_second_factor END
    AS has_second_factor
FROM memberships m JOIN users u ON u.id = m.user_id;

-- Whether a scope lies within another.
CREATE FUNCTION scope_within(inner_scope text, outer_scope text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(outer_scope = 'all' OR inner_scope = outer_scope OR inner_scope = 'assigned' AND outer_scope IN ('team', 'assigned_or_unowned'), false)
$$;

-- Whether a role may do something that the acting member may not.
CREATE FUNCTION role_exceeds_mine(of_role uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN EXISTS (
    SELECT 1 FROM role_permissions p
    WHERE p.organization_id = current_organization_id() AND p.role_id = of_role
      AND NOT scope_within(p.scope, access_scope(p.resource, p.action)));
END
$$;

-- Refuses to give a role, or to manage somebody who has it, where that would go beyond the acting
-- member: nobody makes anyone (themselves included) more than they are, and only owners touch owners.
CREATE FUNCTION require_within_mine(of_role uuid) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
  IF of_role = owner_role_id() AND NOT has_role(current_user_id(), 'owner') THEN
    RAISE EXCEPTION 'Only an owner may make, change or remove an owner.' USING ERRCODE = 'KT403', COLUMN = 'role_id';
  END IF;
  IF role_exceeds_mine(of_role) THEN
    RAISE EXCEPTION 'The role may do things that you may not. Ask someone who may do them all.' USING ERRCODE = 'KT403', COLUMN = 'role_id';
  END IF;
END
$$;

CREATE FUNCTION require_people(action text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
  IF access_scope('users', action) IS DISTINCT FROM 'all' THEN
    RAISE EXCEPTION 'You may not manage the people of this organization.' USING ERRCODE = 'KT403';
  END IF;
END
$$;

-- Adding a person: someone known by name and perhaps address, who cannot sign in until they accept an
-- invitation. Changing a person: their place in this organization; who they are only until they have an
-- account, because then other organizations know them too.
CREATE OR REPLACE FUNCTION write_member() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  has_account boolean;
BEGIN
  PERFORM require_people(CASE TG_OP WHEN 'INSERT' THEN 'create' ELSE 'update' END);
  IF NEW.organization_id IS DISTINCT FROM current_organization_id() THEN
    RAISE EXCEPTION 'You may not manage the people of this organization.' USING ERRCODE = 'KT403';
  END IF;
  IF NEW.email IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.email IS DISTINCT FROM OLD.email) AND EXISTS (
      SELECT 1 FROM memberships m JOIN users u ON u.id = m.user_id
      WHERE m.organization_id = NEW.organization_id AND m.user_id <> NEW.id AND coalesce(u.email, m.email) = NEW.email) THEN
    RAISE EXCEPTION 'Someone in this organization has this address already.' USING ERRCODE = 'KT409', COLUMN = 'email';
  END IF;
  IF TG_OP = 'INSERT' THEN
    PERFORM require_within_mine(NEW.role_id);
    INSERT INTO users (id, full_name, phone) VALUES (NEW.id, NEW.full_name, NEW.phone);
    INSERT INTO memberships (organization_id, user_id, role_id, status, job_title, manager_id, team_id, email, created_by)
    VALUES (NEW.organization_id, NEW.id, NEW.role_id, 'invited', NEW.job_title, NEW.manager_id, NEW.team_id, NEW.email, current_user_id())
    RETURNING created_at, created_by, updated_at, updated_by, version, status
    INTO NEW.created_at, NEW.created_by, NEW.updated_at, NEW.updated_by, NEW.version, NEW.status;
    NEW.is_verified := false;
    NEW.is_owner := NEW.role_id = owner_role_id();
    NEW.has_second_factor := false;
    RETURN NEW;
  END IF;
  IF (NEW.role_id, NEW.status) IS DISTINCT FROM (OLD.role_id, OLD.status) THEN
    PERFORM require_within_mine(OLD.role_id);
    PERFORM require_within_mine(NEW.role_id);
  ELSIF OLD.is_owner AND NOT has_role(current_user_id(), 'owner') THEN
    RAISE EXCEPTION 'Only an owner may make, change or remove an owner.' USING ERRCODE = 'KT403', COLUMN = 'role_id';
  END IF;
  has_account := EXISTS (SELECT 1 FROM users u WHERE u.id = OLD.id AND (u.email IS NOT NULL OR u.password_hash IS NOT NULL));
  IF (NEW.full_name, NEW.email, NEW.phone) IS DISTINCT FROM (OLD.full_name, OLD.email, OLD.phone) THEN
    IF has_account OR EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = OLD.id AND m.organization_id <> OLD.organization_id) THEN
      RAISE EXCEPTION 'This person has an account and changes their own name, address and phone.' USING ERRCODE = 'KT403', COLUMN = 'full_name';
    END IF;
    UPDATE users SET full_name = NEW.full_name, phone = NEW.phone, updated_at = now() WHERE id = OLD.id;
    IF NEW.email IS DISTINCT FROM OLD.email THEN
      -- A link that was sent to the old address invites nobody any more.
      DELETE FROM one_time_tokens WHERE organization_id = OLD.organization_id AND user_id = OLD.id;
    END IF;
    -- The place in the organization (and the address) keeps its own history; who the person is stands in
    -- another table.
    INSERT INTO audit_log (organization_id, entity_type, record_id, action, version, old_values, new_values, changed_fields,
      user_id, change_set_id, origin, ip_address, user_agent)
    SELECT OLD.organization_id, 'user', OLD.id, 'UPDATE', OLD.version + 1,
      jsonb_object_agg(o.key, o.value), jsonb_object_agg(o.key, n.value), array_agg(o.key), current_user_id(), current_change_set_id(),
      nullif(current_setting('kith.origin', true), ''), nullif(current_setting('kith.ip', true), '')::inet,
      nullif(current_setting('kith.user_agent', true), '')
    FROM jsonb_each(jsonb_build_object('full_name', OLD.full_name, 'phone', OLD.phone)) o
    JOIN jsonb_each(jsonb_build_object('full_name', NEW.full_name, 'phone', NEW.phone)) n USING (key)
    WHERE o.value IS DISTINCT FROM n.value
    HAVING count(*) > 0;
  END IF;
  IF NEW.status <> OLD.status THEN
    IF NEW.status = 'active' AND NOT has_account THEN
      RAISE EXCEPTION 'An invited person becomes active by accepting the invitation.' USING ERRCODE = 'KT422', COLUMN = 'status';
    ELSIF NEW.status = 'invited' AND has_account THEN
      RAISE EXCEPTION 'This person has accepted their invitation already.' USING ERRCODE = 'KT422', COLUMN = 'status';
    ELSIF NEW.status = 'suspended' AND OLD.id = current_user_id() THEN
      RAISE EXCEPTION 'You cannot deactivate yourself. Ask someone else who manages people.' USING ERRCODE = 'KT409', COLUMN = 'status';
    END IF;
  END IF;
  UPDATE memberships SET role_id = NEW.role_id, status = NEW.status, job_title = NEW.job_title, manager_id = NEW.manager_id,
    team_id = NEW.team_id, email = CASE WHEN has_account THEN memberships.email ELSE NEW.email END
  WHERE organization_id = OLD.organization_id AND user_id = OLD.id
  RETURNING updated_at, updated_by, version INTO NEW.updated_at, NEW.updated_by, NEW.version;
  NEW.is_owner := NEW.role_id = owner_role_id();
  RETURN NEW;
END
$$;

-- Whoever is suspended or leaves is out at once: their sessions here end, their keys and links go.
CREATE FUNCTION end_access() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE refresh_tokens SET revoked_at = now()
  WHERE user_id = OLD.user_id AND organization_id = OLD.organization_id AND revoked_at IS NULL;
  DELETE FROM api_keys WHERE organization_id = OLD.organization_id AND user_id = OLD.user_id;
  DELETE FROM one_time_tokens WHERE organization_id = OLD.organization_id AND user_id = OLD.user_id;
  RETURN NULL;
END
$$;
ALTER FUNCTION end_access() OWNER TO kith_definer;
CREATE TRIGGER memberships_end_access AFTER UPDATE OF status ON memberships
  FOR EACH ROW WHEN (NEW.status = 'suspended' AND OLD.status <> 'suspended') EXECUTE FUNCTION end_access();
CREATE TRIGGER memberships_end_access_delete AFTER DELETE ON memberships
  FOR EACH ROW EXECUTE FUNCTION end_access();

-- The columns of records that point at a member, so that whoever takes a member's place finds them all.
CREATE FUNCTION member_columns() RETURNS TABLE (table_name text, column_name text)
LANGUAGE sql STABLE AS $$
  SELECT c.conrelid::regclass::text, a.attname::text
  FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[2]
  WHERE c.contype = 'f' AND c.confrelid = 'memberships'::regclass AND c.conparentid = 0
    AND c.conrelid NOT IN ('one_time_tokens'::regclass, 'api_keys'::regclass)
$$;

-- The entities whose records have an owner, and the column that says who.
CREATE FUNCTION owner_columns() RETURNS TABLE (entity text, resource text, table_name text, column_name text)
LANGUAGE sql STABLE AS $$
  SELECT r.entity, r.resource, r.table_name, a.owner_columns[1]
  FROM record_tables r JOIN record_access a USING (table_name) WHERE a.kind = 'owned'
$$;

-- Sends an invitation, for the first time or again. False when there is no such person.
CREATE FUNCTION send_invitation(to_member uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  invited memberships;
BEGIN
  PERFORM require_people('create');
  SELECT m.* INTO invited FROM memberships m
  WHERE m.organization_id = current_organization_id() AND m.user_id = to_member FOR UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  IF invited.status <> 'invited' THEN
    RAISE EXCEPTION 'This person has joined already.' USING ERRCODE = 'KT409', COLUMN = 'status';
  END IF;
  PERFORM require_within_mine(invited.role_id);
  IF invited.email IS NULL THEN
    RAISE EXCEPTION 'is needed to send an invitation' USING ERRCODE = 'KT422', COLUMN = 'email';
  END IF;
  UPDATE memberships SET invited_at = now(), invited_by = current_user_id()
  WHERE organization_id = invited.organization_id AND user_id = to_member;
  PERFORM queue_mail('invitation', invited.email, to_member, invited.organization_id,
    jsonb_build_object('inviter', (SELECT u.full_name FROM users u WHERE u.id = current_user_id())));
  RETURN true;
END
$$;

-- Takes an invitation back. Someone to whom nothing belongs is gone with it; others stay as people known
-- by name. False when there is no such person.
CREATE FUNCTION withdraw_invitation(of_member uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  invited memberships;
  place record;
  in_use boolean := false;
BEGIN
  PERFORM require_people('create');
  SELECT m.* INTO invited FROM memberships m
  WHERE m.organization_id = current_organization_id() AND m.user_id = of_member FOR UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  IF invited.status <> 'invited' THEN
    RAISE EXCEPTION 'This person has joined already. Deactivate them instead.' USING ERRCODE = 'KT409', COLUMN = 'status';
  END IF;
  PERFORM require_within_mine(invited.role_id);
  DELETE FROM one_time_tokens WHERE organization_id = invited.organization_id AND user_id = of_member;
  FOR place IN SELECT * FROM member_columns() c WHERE c.table_name <> 'team_members' LOOP
    EXECUTE format('SELECT $1 OR EXISTS (SELECT 1 FROM %s WHERE organization_id = $2 AND %I = $3)', place.table_name, place.column_name)
    INTO in_use USING in_use, invited.organization_id, of_member;
  END LOOP;
  IF in_use THEN
    UPDATE memberships SET invited_at = NULL, invited_by = NULL
    WHERE organization_id = invited.organization_id AND user_id = of_member;
  ELSE
    DELETE FROM memberships WHERE organization_id = invited.organization_id AND user_id = of_member;
    DELETE FROM users u WHERE u.id = of_member AND u.email IS NULL AND u.password_hash IS NULL
      AND NOT EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = u.id);
  END IF;
  RETURN true;
END
$$;

-- What a link invites to, and the account (if any) that the address has. For the server alone.
CREATE FUNCTION invitation_of(presented_hash bytea)
RETURNS TABLE (email text, full_name text, organization_id uuid, organization_name text, role_name text,
  account_id uuid, account_name text, password_hash text, is_active boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM require_no_user();
  RETURN QUERY
  SELECT t.email::text, p.full_name::text, o.id, o.name, r.name::text, a.id, a.full_name::text, a.password_hash, a.is_active
  FROM one_time_tokens t
  JOIN memberships m ON m.organization_id = t.organization_id AND m.user_id = t.user_id
  JOIN users p ON p.id = t.user_id
  JOIN organizations o ON o.id = t.organization_id
  JOIN roles r ON r.organization_id = m.organization_id AND r.id = m.role_id
  LEFT JOIN users a ON a.email = t.email
  WHERE t.token_hash = presented_hash AND t.purpose = 'invitation' AND t.expires_at > now()
    AND m.status = 'invited' AND m.email = t.email AND m.invited_at IS NOT NULL;
END
$$;

-- Puts one person in the place of another who never signed in: everything that points there follows.
CREATE FUNCTION take_place(at_organization uuid, from_user uuid, to_user uuid) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  place record;
BEGIN
  INSERT INTO memberships (organization_id, user_id, role_id, status, job_title, manager_id, team_id, email, invited_at, invited_by, created_by)
  SELECT m.organization_id, to_user, m.role_id, 'active', m.job_title, m.manager_id, m.team_id, m.email, m.invited_at, m.invited_by, m.created_by
  FROM memberships m WHERE m.organization_id = at_organization AND m.user_id = from_user;
  -- The team they are listed under they have joined already.
  DELETE FROM team_members t WHERE t.organization_id = at_organization AND t.user_id = from_user
    AND EXISTS (SELECT 1 FROM team_members o WHERE o.organization_id = t.organization_id AND o.team_id = t.team_id AND o.user_id = to_user);
  FOR place IN SELECT * FROM member_columns() LOOP
    EXECUTE format('UPDATE %s SET %I = $3 WHERE organization_id = $1 AND %I = $2', place.table_name, place.column_name, place.column_name)
    USING at_organization, from_user, to_user;
  END LOOP;
  DELETE FROM memberships WHERE organization_id = at_organization AND user_id = from_user;
  DELETE FROM users u WHERE u.id = from_user AND NOT EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = u.id);
END
$$;

-- Accepts an invitation: with the account that the address has, whose password was verified (knowing its
-- hash is the proof), or as a new account.
--   accepted  the person is a member now
--   invalid   the link is unknown, used, too old, or the invitation was withdrawn
--   account   the address has an account, and this was not its password
--   member    the account's person is a member already
CREATE FUNCTION accept_invitation(presented_hash bytea, proven_user uuid, proven_hash text, new_password_hash text, new_full_name text)
RETURNS TABLE (status text, user_id uuid, organization_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  link one_time_tokens;
  account users;
  joining uuid;
BEGIN
  PERFORM require_no_user();
  -- The membership first: whoever withdraws or changes it holds its row.
  PERFORM 1 FROM memberships m JOIN one_time_tokens t ON m.organization_id = t.organization_id AND m.user_id = t.user_id
  WHERE t.token_hash = presented_hash FOR UPDATE OF m;
  DELETE FROM one_time_tokens t USING memberships m
  WHERE t.token_hash = presented_hash AND t.purpose = 'invitation' AND t.expires_at > now()
    AND m.organization_id = t.organization_id AND m.user_id = t.user_id AND m.status = 'invited' AND m.email = t.email
    AND m.invited_at IS NOT NULL
  RETURNING t.* INTO link;
  IF link.id IS NULL THEN
    RETURN QUERY SELECT 'invalid', NULL::uuid, NULL::uuid;
    RETURN;
  END IF;
  SELECT u.* INTO account FROM users u WHERE u.email = link.email FOR NO KEY UPDATE;
  IF account.id IS NOT NULL AND (account.id IS DISTINCT FROM proven_user OR account.password_hash IS DISTINCT FROM proven_hash OR NOT account.is_active)
    OR account.id IS NULL AND new_password_hash IS NULL THEN
    RETURN QUERY SELECT 'account', NULL::uuid, NULL::uuid;
    RETURN;
  END IF;
  joining := coalesce(account.id, link.user_id);
  IF joining <> link.user_id AND EXISTS (
      SELECT 1 FROM memberships m WHERE m.organization_id = link.organization_id AND m.user_id = joining) THEN
    RETURN QUERY SELECT 'member', NULL::uuid, NULL::uuid;
    RETURN;
  END IF;
  -- From here the history says who it was.
  PERFORM set_config('kith.organization', link.organization_id::text, true), set_config('kith.user', joining::text, true);
  IF account.id IS NULL THEN
    UPDATE users u SET email = link.email, password_hash = new_password_hash, full_name = coalesce(new_full_name, u.full_name), updated_at = now()
    WHERE u.id = joining;
  END IF;
  DELETE FROM one_time_tokens t WHERE t.organization_id = link.organization_id AND t.user_id = link.user_id;
  IF joining = link.user_id THEN
    UPDATE memberships m SET status = 'active' WHERE m.organization_id = link.organization_id AND m.user_id = joining;
  ELSE
    PERFORM take_place(link.organization_id, link.user_id, joining);
  END IF;
  PERFORM prove_address(joining);
  PERFORM record_sign_in(link.organization_id, joining, joining, '{"outcome": "invitation_accepted"}');
  PERFORM set_config('kith.organization', '', true), set_config('kith.user', '', true);
  RETURN QUERY SELECT 'accepted', joining, link.organization_id;
END
$$;

-- Deactivates a member and gives what they own to somebody else, all in this transaction; with nobody to
-- give it to, it stays theirs. Someone who is deactivated already may still be succeeded. Answers how many
-- records of each entity were given, or nothing when there is no such person.
CREATE FUNCTION deactivate_member(of_member uuid, hand_over_to uuid) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  leaving memberships;
  owned record;
  has_some boolean;
  given integer;
  all_given jsonb := '{}';
BEGIN
  PERFORM require_people('update');
  SELECT m.* INTO leaving FROM memberships m
  WHERE m.organization_id = current_organization_id() AND m.user_id = of_member FOR UPDATE;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  IF of_member = current_user_id() THEN
    RAISE EXCEPTION 'You cannot deactivate yourself. Ask someone else who manages people.' USING ERRCODE = 'KT409', COLUMN = 'status';
  END IF;
  PERFORM require_within_mine(leaving.role_id);
  IF hand_over_to IS NOT NULL THEN
    -- Locked, so that who succeeds is not deactivated meanwhile.
    PERFORM 1 FROM memberships m
    WHERE m.organization_id = leaving.organization_id AND m.user_id = hand_over_to AND m.user_id <> of_member AND m.status = 'active' FOR SHARE;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'must be another active member of the organization' USING ERRCODE = 'KT422', COLUMN = 'hand_over_to';
    END IF;
    FOR owned IN SELECT * FROM owner_columns() c ORDER BY c.entity LOOP
      EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I WHERE organization_id = $1 AND %I = $2)', owned.table_name, owned.column_name)
      INTO has_some USING leaving.organization_id, of_member;
      CONTINUE WHEN NOT has_some;
      IF access_scope(owned.resource, (CASE WHEN EXISTS (
          SELECT 1 FROM permissions p WHERE p.resource = owned.resource AND p.action = 'assign') THEN 'assign' ELSE 'update' END))
        IS DISTINCT FROM 'all' THEN
        RAISE EXCEPTION 'You may not give away other people''s %. Ask someone who may reassign them.', replace(owned.resource, '_', ' ')
          USING ERRCODE = 'KT403', COLUMN = 'hand_over_to';
      END IF;
      EXECUTE format('UPDATE %I SET %I = $3 WHERE organization_id = $1 AND %I = $2', owned.table_name, owned.column_name, owned.column_name)
      USING leaving.organization_id, of_member, hand_over_to;
      GET DIAGNOSTICS given = ROW_COUNT;
      all_given := all_given || jsonb_build_object(owned.entity, given);
    END LOOP;
  END IF;
  UPDATE memberships m SET status = 'suspended'
  WHERE m.organization_id = leaving.organization_id AND m.user_id = of_member AND m.status <> 'suspended';
  RETURN all_given;
END
$$;

-- Lets a deactivated member in again. False when there is no such person.
CREATE FUNCTION reactivate_member(of_member uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  returning_member memberships;
BEGIN
  PERFORM require_people('update');
  SELECT m.* INTO returning_member FROM memberships m
  WHERE m.organization_id = current_organization_id() AND m.user_id = of_member FOR UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  IF returning_member.status <> 'suspended' THEN
    RAISE EXCEPTION 'This person is not deactivated.' USING ERRCODE = 'KT409', COLUMN = 'status';
  END IF;
  PERFORM require_within_mine(returning_member.role_id);
  UPDATE memberships m SET status = CASE WHEN EXISTS (
      SELECT 1 FROM users u WHERE u.id = m.user_id AND (u.email IS NOT NULL OR u.password_hash IS NOT NULL)) THEN 'active' ELSE 'invited' END
  WHERE m.organization_id = returning_member.organization_id AND m.user_id = of_member;
  RETURN true;
END
$$;

-- Roles as a matrix. A new role may begin as a copy of another.
ALTER TABLE roles ADD COLUMN copy_of uuid,
  ADD CONSTRAINT roles_copy_of FOREIGN KEY (organization_id, copy_of) REFERENCES roles (organization_id, id) ON DELETE SET NULL (copy_of);

-- The scopes in which a permission can be granted. Beyond 'all', what belongs to someone can be narrowed
-- to whose it is, and a few resources know scopes of their own, which their shipped roles show.
CREATE FUNCTION allowed_scopes(of_resource text, of_action text) RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN ARRAY(
    SELECT s.scope FROM unnest(ARRAY['all', 'active', 'team', 'assigned_or_unowned', 'assigned']) WITH ORDINALITY AS s (scope, place)
    WHERE s.scope = 'all'
      OR EXISTS (SELECT 1 FROM role_defaults d WHERE d.resource = of_resource AND d.action = of_action AND d.scope = s.scope)
      OR EXISTS (SELECT 1 FROM owner_columns() c WHERE c.resource = of_resource)
        AND (s.scope IN ('team', 'assigned') OR s.scope = 'assigned_or_unowned' AND of_action = 'read')
    ORDER BY s.place);
END
$$;

-- What a role that comes with Kith starts with; nothing for others.
CREATE FUNCTION shipped_permissions(of_role uuid) RETURNS TABLE (resource text, action text, scope text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT d.resource, d.action, d.scope FROM role_defaults d JOIN roles r ON r.key = d.role_key AND r.is_system
  WHERE r.organization_id = current_organization_id() AND r.id = of_role;
END
$$;

-- What the roles' own policies cannot say: the shipped roles stay, and so does what makes an owner one.
CREATE FUNCTION guard_role() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
  people bigint;
BEGIN
  -- Set-up and the end of a whole organization run as another role and are not asked.
  IF current_user <> 'kith_app' THEN
    RETURN coalesce(NEW, OLD);
  END IF;
  IF TG_OP = 'DELETE' THEN
    IF OLD.is_system THEN
      RAISE EXCEPTION 'This role comes with Kith and stays. Change what it may do instead.' USING ERRCODE = 'KT409';
    END IF;
    people := people_with_role(OLD.id);
    IF people > 0 THEN
      RAISE EXCEPTION '%. Give them another role first.',
        CASE people WHEN 1 THEN 'One person has this role' ELSE people || ' people have this role' END USING ERRCODE = 'KT409';
    END IF;
    RETURN OLD;
  END IF;
  IF TG_OP = 'INSERT' AND (NEW.is_system OR NEW.key = 'owner')
    OR TG_OP = 'UPDATE' AND (NEW.is_system, NEW.key) IS DISTINCT FROM (OLD.is_system, OLD.key) THEN
    RAISE EXCEPTION 'The key of a role and whether it comes with Kith are fixed.' USING ERRCODE = 'KT403', COLUMN = 'key';
  END IF;
  RETURN NEW;
END
$$;

CREATE FUNCTION people_with_role(of_role uuid) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN (SELECT count(*) FROM memberships m WHERE m.organization_id = current_organization_id() AND m.role_id = of_role);
END
$$;
ALTER FUNCTION people_with_role(uuid) OWNER TO kith_definer;
CREATE TRIGGER roles_guard BEFORE INSERT OR UPDATE OR DELETE ON roles FOR EACH ROW EXECUTE FUNCTION guard_role();

CREATE FUNCTION copy_role_permissions() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF role_exceeds_mine(NEW.copy_of) THEN
    RAISE EXCEPTION 'The role may do things that you may not, so you cannot copy it.' USING ERRCODE = 'KT403', COLUMN = 'copy_of';
  END IF;
  INSERT INTO role_permissions (organization_id, role_id, resource, action, scope)
  SELECT p.organization_id, NEW.id, p.resource, p.action, p.scope
  FROM role_permissions p WHERE p.organization_id = NEW.organization_id AND p.role_id = NEW.copy_of;
  RETURN NULL;
END
$$;
ALTER FUNCTION copy_role_permissions() OWNER TO kith_definer;
CREATE TRIGGER roles_copy_permissions AFTER INSERT ON roles
  FOR EACH ROW WHEN (NEW.copy_of IS NOT NULL) EXECUTE FUNCTION copy_role_permissions();

-- Writes what a role may do: all of `wanted`, objects of resource, action and scope, and nothing else.
--   changed    with the role's new version
--   unchanged  it was so before
--   stale      the role is of another version than `seen_version`
--   unknown    there is no such role
CREATE FUNCTION set_role_permissions(of_role uuid, wanted jsonb, seen_version bigint) RETURNS TABLE (status text, version bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  target roles;
  beyond record;
  olds jsonb;
  news jsonb;
BEGIN
  IF access_scope('roles', 'update') IS DISTINCT FROM 'all' THEN
    RAISE EXCEPTION 'You may not change roles.' USING ERRCODE = 'KT403';
  END IF;
  SELECT r.* INTO target FROM roles r WHERE r.organization_id = current_organization_id() AND r.id = of_role FOR UPDATE;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'unknown', NULL::bigint;
    RETURN;
  END IF;
  IF target.key = 'owner' THEN
    RAISE EXCEPTION 'Owners may do everything, and that stays so.' USING ERRCODE = 'KT409';
  END IF;
  IF seen_version <> target.version THEN
    RETURN QUERY SELECT 'stale', target.version;
    RETURN;
  END IF;
  IF role_exceeds_mine(of_role) THEN
    RAISE EXCEPTION 'This role may do things that you may not. Ask someone who may do them all.' USING ERRCODE = 'KT403';
  END IF;
  SELECT w.* INTO beyond FROM jsonb_to_recordset(wanted) AS w (resource text, action text, scope text)
  WHERE NOT scope_within(w.scope, access_scope(w.resource, w.action)) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'You may not grant "% %" for %, because you do not hold it yourself.', beyond.action, replace(beyond.resource, '_', ' '),
      replace(beyond.scope, '_', ' ') USING ERRCODE = 'KT403', COLUMN = 'data';
  END IF;
  PERFORM 1 FROM jsonb_to_recordset(wanted) AS w (resource text, action text, scope text)
  WHERE NOT w.scope = ANY (allowed_scopes(w.resource, w.action));
  IF FOUND THEN
    RAISE EXCEPTION 'has a scope that the permission does not know' USING ERRCODE = 'KT422', COLUMN = 'data';
  END IF;
  WITH before AS (
    SELECT p.resource || ':' || p.action AS permission, p.scope FROM role_permissions p
    WHERE p.organization_id = target.organization_id AND p.role_id = of_role
  ), after AS (
    SELECT w.resource || ':' || w.action AS permission, w.scope FROM jsonb_to_recordset(wanted) AS w (resource text, action text, scope text)
  )
  SELECT jsonb_object_agg(b.permission, b.scope) FILTER (WHERE b.permission IS NOT NULL),
    jsonb_object_agg(a.permission, a.scope) FILTER (WHERE a.permission IS NOT NULL) INTO olds, news
  FROM before b FULL JOIN after a USING (permission) WHERE b.scope IS DISTINCT FROM a.scope;
  IF olds IS NULL AND news IS NULL THEN
    RETURN QUERY SELECT 'unchanged', target.version;
    RETURN;
  END IF;
  DELETE FROM role_permissions p WHERE p.organization_id = target.organization_id AND p.role_id = of_role
    AND olds ? (p.resource || ':' || p.action);
  INSERT INTO role_permissions (organization_id, role_id, resource, action, scope)
  SELECT target.organization_id, of_role, split_part(n.key, ':', 1), split_part(n.key, ':', 2), n.value FROM jsonb_each_text(news) n;
  -- Its version says that the role changed; the history says what.
  UPDATE roles r SET name = r.name WHERE r.organization_id = target.organization_id AND r.id = of_role RETURNING r.* INTO target;
  PERFORM record_permission('role', of_role, olds, news);
  INSERT INTO activities (organization_id, type, subject, description, entity_type, entity_id, user_id, created_by, change_set_id)
  VALUES (target.organization_id, 'updated', target.name, 'Changed what the role may do', 'role', of_role, current_user_id(),
    current_user_id(), current_change_set_id());
  INSERT INTO events (organization_id, entity, record_id, action, version, changed, actor_id, change_set_id)
  VALUES (target.organization_id, 'role', of_role, 'updated', target.version, ARRAY['permissions'], current_user_id(), current_change_set_id());
  RETURN QUERY SELECT 'changed', target.version;
END
$$;

DO $$
DECLARE
  signature text;
BEGIN
  -- Parts of other functions.
  FOREACH signature IN ARRAY ARRAY['queue_mail(text, text, uuid, uuid, jsonb)', 'record_account(uuid, uuid, jsonb)', 'prove_address(uuid)',
    'record_permission(text, uuid, jsonb, jsonb)', 'spend_code(uuid, bigint, bytea)', 'keep_recovery_codes(bytea[])',
    'remove_second_factor(uuid)', 'take_place(uuid, uuid, uuid)', 'require_within_mine(uuid)', 'require_people(text)']
  LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO kith_definer', signature);
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', signature);
  END LOOP;
  -- What the server calls.
  FOREACH signature IN ARRAY ARRAY['request_password_reset(text)', 'request_verification(uuid)', 'take_mail(integer)',
    'address_mail(uuid, bytea)', 'settle_mail(uuid, text, text, integer)', 'next_mail_due()', 'verify_email(bytea)', 'reset_subject(bytea)',
    'reset_password(bytea, text)', 'acting_key_scopes()', 'key_allows(text, text)',
    'create_api_key(text, text, bytea, text[], timestamptz)', 'delete_api_key(uuid)', 'key_actor(bytea)', 'touch_api_key(uuid, uuid)',
    'own_sessions()', 'end_own_session(uuid)', 'end_other_sessions(uuid)', 'change_password(text, text, uuid)', 'update_own_profile(jsonb)',
    'second_factor_of(uuid)', 'second_factor_failed(uuid)', 'begin_second_factor(bytea)', 'enable_second_factor(bigint, bytea[])',
    'renew_recovery_codes(bigint, bytea, bytea[])', 'disable_second_factor(bigint, bytea)',
    'open_proven_session(uuid, uuid, uuid, bytea, integer, bigint, bytea)', 'owner_role_id()', 'role_exceeds_mine(uuid)',
    'send_invitation(uuid)', 'withdraw_invitation(uuid)', 'invitation_of(bytea)', 'accept_invitation(bytea, uuid, text, text, text)',
    'deactivate_member(uuid, uuid)', 'reactivate_member(uuid)', 'allowed_scopes(text, text)', 'shipped_permissions(uuid)', 'set_role_permissions(uuid, jsonb, bigint)']
  LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO kith_definer', signature);
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', signature);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO kith_app', signature);
  END LOOP;
END
$$;
