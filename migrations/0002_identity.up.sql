-- Organizations (the tenants), users (people, who may belong to several), and what a member may do.

CREATE TABLE organizations (
  id             uuid PRIMARY KEY DEFAULT uuid_v7(),
  name           text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
  slug           text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,99}$'),
  base_currency  currency_code NOT NULL DEFAULT 'USD',
  timezone       text NOT NULL DEFAULT 'UTC',
  locale         text NOT NULL DEFAULT 'en',
  country        country_code,
  branding       jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(branding) = 'object'),
  settings       jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(settings) = 'object'),
  created_at     timestamptz NOT NULL DEFAULT now(),
  updated_at     timestamptz NOT NULL DEFAULT now(),
  created_by     uuid,
  updated_by     uuid,
  version        bigint NOT NULL DEFAULT 1
);

-- A person, known to all their organizations. Someone who was only named (in an import, say) has no
-- address and no password yet and cannot sign in.
CREATE TABLE users (
  id             uuid PRIMARY KEY DEFAULT uuid_v7(),
  email          email_address UNIQUE,
  password_hash  text,
  full_name      text COLLATE "und-x-icu" NOT NULL CHECK (char_length(full_name) BETWEEN 1 AND 255),
  first_name     text CHECK (char_length(first_name) <= 100),
  last_name      text CHECK (char_length(last_name) <= 100),
  phone          phone_number,
  avatar_url     text CHECK (char_length(avatar_url) <= 500),
  locale         text,
  timezone       text,
  is_active      boolean NOT NULL DEFAULT true,
  is_verified    boolean NOT NULL DEFAULT false,
  last_login_at  timestamptz,
  created_at     timestamptz NOT NULL DEFAULT now(),
  updated_at     timestamptz NOT NULL DEFAULT now(),
  CHECK (password_hash IS NULL OR email IS NOT NULL)
);

-- What may be done: (resource, action). Filled by the migrations that bring a resource.
CREATE TABLE permissions (
  resource     text NOT NULL,
  action       text NOT NULL,
  description  text NOT NULL,
  PRIMARY KEY (resource, action)
);

CREATE TABLE roles (
  organization_id  uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  key              text NOT NULL CHECK (key ~ '^[a-z][a-z0-9_]{0,49}$'),
  name             text COLLATE "und-x-icu" NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
  description      text CHECK (char_length(description) <= 1000),
  is_system        boolean NOT NULL DEFAULT false,
  created_at       timestamptz NOT NULL DEFAULT now(),
  updated_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid,
  updated_by       uuid,
  version          bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT roles_key_unique UNIQUE (organization_id, key)
);

-- A role grants a permission for some records: scope says which.
CREATE TABLE role_permissions (
  organization_id  uuid NOT NULL,
  role_id          uuid NOT NULL,
  resource         text NOT NULL,
  action           text NOT NULL,
  scope            text NOT NULL CHECK (scope IN ('all', 'active', 'team', 'assigned', 'assigned_or_unowned')),
  PRIMARY KEY (organization_id, role_id, resource, action),
  FOREIGN KEY (organization_id, role_id) REFERENCES roles (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (resource, action) REFERENCES permissions (resource, action),
  CHECK (action = 'read' OR scope NOT IN ('active', 'assigned_or_unowned'))
);

CREATE TABLE teams (
  organization_id  uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  name             text COLLATE "und-x-icu" NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
  description      text CHECK (char_length(description) <= 50000),
  created_at       timestamptz NOT NULL DEFAULT now(),
  updated_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid,
  updated_by       uuid,
  version          bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT teams_name_unique UNIQUE (organization_id, name)
);

CREATE TABLE memberships (
  organization_id  uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  user_id          uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  -- A member is known by the person: history and references use one id.
  id               uuid NOT NULL GENERATED ALWAYS AS (user_id) STORED,
  role_id          uuid NOT NULL,
  status           text NOT NULL DEFAULT 'active' CHECK (status IN ('invited', 'active', 'suspended')),
  job_title        text CHECK (char_length(job_title) <= 100),
  manager_id       uuid,
  team_id          uuid,
  created_at       timestamptz NOT NULL DEFAULT now(),
  updated_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid,
  updated_by       uuid,
  version          bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, user_id),
  FOREIGN KEY (organization_id, role_id) REFERENCES roles (organization_id, id),
  FOREIGN KEY (organization_id, manager_id) REFERENCES memberships (organization_id, user_id)
    ON DELETE SET NULL (manager_id),
  FOREIGN KEY (organization_id, team_id) REFERENCES teams (organization_id, id)
    ON DELETE SET NULL (team_id)
);
CREATE INDEX memberships_user ON memberships (user_id);
CREATE INDEX memberships_role ON memberships (organization_id, role_id);
CREATE INDEX memberships_manager ON memberships (organization_id, manager_id);
CREATE INDEX memberships_team ON memberships (organization_id, team_id);

CREATE TABLE team_members (
  organization_id  uuid NOT NULL,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  team_id          uuid NOT NULL,
  user_id          uuid NOT NULL,
  created_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT team_members_unique UNIQUE (organization_id, team_id, user_id),
  FOREIGN KEY (organization_id, team_id) REFERENCES teams (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, user_id) REFERENCES memberships (organization_id, user_id) ON DELETE CASCADE
);
CREATE INDEX team_members_user ON team_members (organization_id, user_id);

-- The team a person is listed under is a team they belong to.
CREATE FUNCTION join_listed_team() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO team_members (organization_id, team_id, user_id, created_by)
  VALUES (NEW.organization_id, NEW.team_id, NEW.user_id, current_user_id())
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END
$$;
ALTER FUNCTION join_listed_team() OWNER TO kith_definer;
CREATE TRIGGER memberships_join_listed_team
  AFTER INSERT OR UPDATE OF team_id ON memberships
  FOR EACH ROW WHEN (NEW.team_id IS NOT NULL) EXECUTE FUNCTION join_listed_team();

-- A family is one sign-in; a refresh token is used once. Presenting a used one means that it was
-- copied, and the whole family ends.
CREATE TABLE refresh_tokens (
  id               uuid PRIMARY KEY DEFAULT uuid_v7(),
  family_id        uuid NOT NULL,
  user_id          uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  organization_id  uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  token_hash       bytea NOT NULL UNIQUE,
  expires_at       timestamptz NOT NULL,
  created_at       timestamptz NOT NULL DEFAULT now(),
  used_at          timestamptz,
  revoked_at       timestamptz,
  ip               inet,
  user_agent       text
);
CREATE INDEX refresh_tokens_family ON refresh_tokens (family_id);
CREATE INDEX refresh_tokens_user ON refresh_tokens (user_id);
CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at) WHERE revoked_at IS NULL;

-- An organization always keeps an owner who can sign in.
CREATE FUNCTION keep_an_owner() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  -- The organization itself is going: nothing to keep.
  IF NOT EXISTS (SELECT 1 FROM organizations WHERE id = OLD.organization_id) THEN
    RETURN NULL;
  END IF;
  PERFORM 1 FROM organizations WHERE id = OLD.organization_id FOR UPDATE;
  IF NOT EXISTS (
    SELECT 1 FROM memberships m JOIN roles r USING (organization_id)
    WHERE m.organization_id = OLD.organization_id AND r.id = m.role_id
      AND r.key = 'owner' AND m.status = 'active')
  THEN
    RAISE EXCEPTION 'The organization must keep at least one active owner. Make someone else owner first.'
      USING ERRCODE = 'KT409', COLUMN = 'role_id';
  END IF;
  RETURN NULL;
END
$$;
ALTER FUNCTION keep_an_owner() OWNER TO kith_definer;
CREATE CONSTRAINT TRIGGER memberships_keep_an_owner
  AFTER UPDATE OR DELETE ON memberships
  DEFERRABLE INITIALLY IMMEDIATE
  FOR EACH ROW EXECUTE FUNCTION keep_an_owner();

CREATE TRIGGER organizations_updated_at BEFORE UPDATE ON organizations
  FOR EACH ROW EXECUTE FUNCTION update_updated_at();
CREATE TRIGGER roles_updated_at BEFORE UPDATE ON roles
  FOR EACH ROW EXECUTE FUNCTION update_updated_at();
CREATE TRIGGER teams_updated_at BEFORE UPDATE ON teams
  FOR EACH ROW EXECUTE FUNCTION update_updated_at();
CREATE TRIGGER memberships_updated_at BEFORE UPDATE ON memberships
  FOR EACH ROW EXECUTE FUNCTION update_updated_at();
