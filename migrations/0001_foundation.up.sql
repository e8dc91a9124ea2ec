-- What everything else stands on: who acts, identifiers, timestamps, and the role that owns the
-- functions that must see past row security.
--
-- Roles (made by the program before the first migration):
--   the owner     runs migrations and owns the tables; never serves requests
--   kith_app      serves requests; owns nothing, is subject to every policy
--   kith_definer  cannot log in; owns the few SECURITY DEFINER functions. Tables give it a policy of
--                 its own (USING true) instead of BYPASSRLS, which managed servers do not grant;
--                 each of its functions fixes the organization itself.

CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;
CREATE EXTENSION IF NOT EXISTS unaccent;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO kith_app;
-- CREATE is what ALTER FUNCTION ... OWNER TO asks of the new owner.
GRANT USAGE, CREATE ON SCHEMA public TO kith_definer;

-- The organization and user that the transaction acts for; null when none was stated, and then
-- every policy answers no.
CREATE FUNCTION current_organization_id() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT nullif(current_setting('kith.organization', true), '')::uuid
$$;

CREATE FUNCTION current_user_id() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT nullif(current_setting('kith.user', true), '')::uuid
$$;

CREATE FUNCTION current_change_set_id() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT nullif(current_setting('kith.change_set', true), '')::uuid
$$;

-- A UUID of version 7 (RFC 9562 §5.7): 48 bits of milliseconds, then random bits. PostgreSQL 18 has
-- one of its own; the oldest version we serve is 15.
CREATE FUNCTION uuid_v7() RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
  SELECT encode(
    set_bit(set_bit(
      overlay(uuid_send(gen_random_uuid())
        PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
        FROM 1 FOR 6),
      52, 1), 53, 1), 'hex')::uuid
$$;

-- unaccent() is only STABLE because its dictionary could change; ours does not.
CREATE FUNCTION fold_text(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
  SELECT lower(public.unaccent('public.unaccent', value))
$$;

-- Kept for every table that changes: when, by whom, and the version that backs ETag and If-Match.
CREATE FUNCTION update_updated_at() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at := now();
  NEW.updated_by := current_user_id();
  NEW.version := OLD.version + 1;
  NEW.created_at := OLD.created_at;
  NEW.created_by := OLD.created_by;
  RETURN NEW;
END
$$;

-- Seeing whether a text is an e-mail address is the catalogue's work; this is the same shape.
CREATE DOMAIN email_address AS text
  CHECK (VALUE ~ '^[^[:space:]@<>,;"()]{1,64}@[^[:space:]@<>,;"()]+\.[^[:space:]@<>,;"()]+$'
     AND VALUE = lower(VALUE) AND char_length(VALUE) <= 255);
-- E.164, with an extension as RFC 3966 writes it.
CREATE DOMAIN phone_number AS text
  CHECK (VALUE ~ '^\+[1-9][0-9]{6,14}(;ext=[0-9]{1,8})?$');
CREATE DOMAIN web_address AS text
  CHECK (VALUE ~ '^https?://[^[:space:]]+$' AND char_length(VALUE) <= 500);
-- ISO 4217 and ISO 3166-1 alpha-2.
CREATE DOMAIN currency_code AS text CHECK (VALUE ~ '^[A-Z]{3}$');
CREATE DOMAIN country_code AS text CHECK (VALUE ~ '^[A-Z]{2}$');
