-- Automations (MODEL §4): what an organization wants done when something happens. Declared and checked here;
-- running them is background work.

CREATE TABLE automations (
  organization_id  uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  name             text COLLATE "und-x-icu" NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
  description      text CHECK (char_length(description) <= 5000),
  is_active        boolean NOT NULL DEFAULT false,
  -- An entity and what happens to one of its records.
  trigger_entity   text NOT NULL CHECK (trigger_entity ~ '^[a-z][a-z0-9_]{0,49}$'),
  trigger_event    text NOT NULL CHECK (trigger_event IN ('created', 'updated', 'deleted', 'restored')),
  -- For updates: any of these fields changed; empty for all.
  trigger_fields   jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(trigger_fields) = 'array' AND jsonb_array_length(trigger_fields) <= 100),
  -- A filter of the entity's list.
  conditions       jsonb CHECK (jsonb_typeof(conditions) = 'object'),
  actions          jsonb NOT NULL CHECK (jsonb_typeof(actions) = 'array' AND jsonb_array_length(actions) BETWEEN 1 AND 20),
  run_count        bigint NOT NULL DEFAULT 0,
  last_run_at      timestamptz,
  created_at       timestamptz NOT NULL DEFAULT now(),
  updated_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid,
  updated_by       uuid,
  version          bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id)
);
CALL index_fields('automations', ARRAY['name', 'is_active', 'trigger_entity', 'trigger_event', 'created_at', 'updated_at'], NULL);

CREATE TABLE automation_runs (
  organization_id  uuid NOT NULL,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  automation_id    uuid NOT NULL,
  -- The event that set it off.
  sequence         bigint NOT NULL,
  record_id        uuid NOT NULL,
  -- skipped: the conditions did not hold.
  status           text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'completed', 'failed', 'skipped')),
  result           jsonb,
  error            text CHECK (char_length(error) <= 1000),
  started_at       timestamptz,
  finished_at      timestamptz,
  created_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid,
  PRIMARY KEY (organization_id, id),
  -- An event sets an automation off once.
  CONSTRAINT automation_runs_once UNIQUE (organization_id, automation_id, sequence),
  FOREIGN KEY (organization_id, automation_id) REFERENCES automations (organization_id, id) ON DELETE CASCADE
);
CALL index_fields('automation_runs', ARRAY['automation_id', 'record_id', 'status', 'started_at', 'finished_at', 'created_at'], NULL);

CALL declare_resource('automations', ARRAY['create', 'read', 'update', 'delete']);
CALL default_grant('manager', ARRAY['automations'], ARRAY['read'], 'all');
SELECT apply_role_defaults(NULL, 'automations');
CALL protect_shared('automations', 'automations');
CALL protect_shared('automation_runs', 'automations');
CALL install_entity('automation', 'automations', 'name', 'automations');
REVOKE INSERT, UPDATE, DELETE ON automation_runs FROM kith_app;
REVOKE UPDATE ON automations FROM kith_app;
GRANT UPDATE (name, description, is_active, trigger_entity, trigger_event, trigger_fields, conditions, actions) ON automations TO kith_app;
