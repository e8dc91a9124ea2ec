-- Webhooks: where events are sent to (MODEL §4). An endpoint says which events it wants; each event that it wants
-- becomes a delivery, which background work makes and tries again.

CREATE TABLE webhook_endpoints (
  organization_id       uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id                    uuid NOT NULL DEFAULT uuid_v7(),
  name                  text COLLATE "und-x-icu" NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
  url                   web_address NOT NULL,
  description           text CHECK (char_length(description) <= 5000),
  -- 'company.created', 'deal.*' or '*'.
  events                jsonb NOT NULL DEFAULT '["*"]' CHECK (jsonb_typeof(events) = 'array' AND jsonb_array_length(events) BETWEEN 1 AND 200),
  -- disabled: too much went wrong in a row; somebody has to switch it on again.
  status                text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused', 'disabled')),
  failures              integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
  last_delivered_at     timestamptz,
  last_error            text CHECK (char_length(last_error) <= 1000),
  has_secret            boolean NOT NULL DEFAULT false,
  secret_changed_at     timestamptz,
  -- Events of transactions before this one have become deliveries. Numbers of events would not do: they are given out
  -- before their transactions commit.
  position_key          bigint NOT NULL DEFAULT 0,
  created_at            timestamptz NOT NULL DEFAULT now(),
  updated_at            timestamptz NOT NULL DEFAULT now(),
  created_by            uuid,
  updated_by            uuid,
  version               bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id)
);
CALL index_fields('webhook_endpoints', ARRAY['name', 'status', 'created_at', 'updated_at'], NULL);

-- A new endpoint hears of what happens from now on.
CREATE FUNCTION begin_webhook() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    NEW.position_key := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
    NEW.failures := 0;
  ELSIF NEW.status = 'active' AND OLD.status <> 'active' THEN
    NEW.failures := 0;
    NEW.last_error := NULL;
  END IF;
  RETURN NEW;
END
$$;
ALTER FUNCTION begin_webhook() OWNER TO kith_definer;
CREATE TRIGGER webhook_endpoints_begin BEFORE INSERT OR UPDATE ON webhook_endpoints FOR EACH ROW EXECUTE FUNCTION begin_webhook();

-- The secrets with which deliveries are signed, sealed with a key that only the program has; shown once. While a new
-- one is being brought to the other side, deliveries are signed with the one before as well.
CREATE TABLE webhook_secrets (
  organization_id  uuid NOT NULL,
  endpoint_id      uuid NOT NULL,
  sealed           bytea NOT NULL,
  previous_sealed  bytea,
  changed_at       timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, endpoint_id),
  FOREIGN KEY (organization_id, endpoint_id) REFERENCES webhook_endpoints (organization_id, id) ON DELETE CASCADE
);
CALL forbid_by_default('webhook_secrets');

-- The order in which events are read: that of their transactions.
CREATE INDEX events_transaction ON events (organization_id, transaction_id, seq);

CREATE TABLE webhook_deliveries (
  organization_id  uuid NOT NULL,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  endpoint_id      uuid NOT NULL,
  event            text NOT NULL CHECK (char_length(event) <= 100),
  record_id        uuid,
  sequence         bigint NOT NULL,
  payload          jsonb NOT NULL DEFAULT '{}',
  status           text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'delivered', 'failed', 'dead')),
  attempts         integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  response_status  integer CHECK (response_status BETWEEN 100 AND 599),
  duration_ms      integer CHECK (duration_ms >= 0),
  last_error       text CHECK (char_length(last_error) <= 1000),
  next_attempt_at  timestamptz,
  delivered_at     timestamptz,
  created_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid,
  PRIMARY KEY (organization_id, id),
  -- An event reaches an endpoint once.
  CONSTRAINT webhook_deliveries_once UNIQUE (organization_id, endpoint_id, sequence),
  FOREIGN KEY (organization_id, endpoint_id) REFERENCES webhook_endpoints (organization_id, id) ON DELETE CASCADE
);
CALL index_fields('webhook_deliveries', ARRAY['endpoint_id', 'event', 'record_id', 'status', 'next_attempt_at', 'delivered_at', 'created_at'], NULL);

CALL declare_resource('webhooks', ARRAY['create', 'read', 'update', 'delete']);
SELECT apply_role_defaults(NULL, 'webhooks');
CALL protect_shared('webhook_endpoints', 'webhooks');
CALL protect_shared('webhook_deliveries', 'webhooks');
CALL install_entity('webhook_endpoint', 'webhook_endpoints', 'name', 'webhooks');
-- Nobody writes deliveries but the work that makes them; the secret is set by the function below alone.
REVOKE INSERT, UPDATE, DELETE ON webhook_deliveries FROM kith_app;
REVOKE INSERT, UPDATE ON webhook_endpoints FROM kith_app;
GRANT INSERT (organization_id, id, name, url, description, events, status, created_at, updated_at, created_by, updated_by, version),
  UPDATE (name, url, description, events, status) ON webhook_endpoints TO kith_app;

-- The secret itself lies apart, so that neither lists nor the audit log have it, sealed or not.
CREATE FUNCTION set_webhook_secret(of_endpoint uuid, new_sealed bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF access_scope('webhooks', 'update') IS DISTINCT FROM 'all' THEN
    RAISE EXCEPTION 'You may not change the webhooks of this organization.' USING ERRCODE = 'KT403';
  END IF;
  UPDATE webhook_endpoints SET has_secret = true, secret_changed_at = now()
  WHERE organization_id = current_organization_id() AND id = of_endpoint;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  INSERT INTO webhook_secrets AS s (organization_id, endpoint_id, sealed) VALUES (current_organization_id(), of_endpoint, new_sealed)
  ON CONFLICT (organization_id, endpoint_id) DO UPDATE SET previous_sealed = s.sealed, sealed = excluded.sealed, changed_at = now();
  RETURN true;
END
$$;
ALTER FUNCTION set_webhook_secret(uuid, bytea) OWNER TO kith_definer;
REVOKE ALL ON FUNCTION set_webhook_secret(uuid, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION set_webhook_secret(uuid, bytea) TO kith_app;

-- Positions and attempts are bookkeeping: no news in the history.
DO $$
DECLARE
  trigger record;
  ignored text[] := ARRAY(
    SELECT attname::text FROM pg_attribute
    WHERE attrelid = 'webhook_endpoints'::regclass AND attnum > 0 AND NOT attisdropped
      AND (attgenerated <> '' OR attname IN ('organization_id', 'id', 'version', 'created_at', 'created_by', 'updated_at', 'updated_by',
        'position_key', 'failures', 'last_delivered_at', 'last_error')));
BEGIN
  DROP TRIGGER webhook_endpoints_history_insert ON webhook_endpoints;
  DROP TRIGGER webhook_endpoints_history_update ON webhook_endpoints;
  DROP TRIGGER webhook_endpoints_history_delete ON webhook_endpoints;
  EXECUTE format('CREATE TRIGGER webhook_endpoints_history_insert AFTER INSERT ON webhook_endpoints REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION record_history(''webhook_endpoint'', ''name'', %L, '''', '''')', ignored::text);
  EXECUTE format('CREATE TRIGGER webhook_endpoints_history_update AFTER UPDATE ON webhook_endpoints REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION record_history(''webhook_endpoint'', ''name'', %L, '''', '''')', ignored::text);
  EXECUTE format('CREATE TRIGGER webhook_endpoints_history_delete AFTER DELETE ON webhook_endpoints REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION record_history(''webhook_endpoint'', ''name'', %L, '''', '''')', ignored::text);
END
$$;

-- Whether an endpoint wants an event. Being told something is for people: it is sent only where it is asked for by name.
CREATE FUNCTION wants_event(wanted jsonb, of_entity text, what text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
  SELECT wanted ? '*' AND of_entity <> 'notification' OR wanted ? (of_entity || '.*') OR wanted ? (of_entity || '.' || what)
$$;

CREATE FUNCTION organizations_with_webhook_events(moment timestamptz) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  horizon constant xid8 := pg_snapshot_xmin(pg_current_snapshot());
BEGIN
  PERFORM require_no_user();
  RETURN QUERY
  SELECT w.organization_id FROM webhook_endpoints w
  WHERE w.status = 'active' AND w.has_secret AND EXISTS (
    SELECT 1 FROM events e WHERE e.organization_id = w.organization_id
      AND e.transaction_id >= least(w.position_key, horizon::text::bigint)::text::xid8 AND e.transaction_id < horizon)
  GROUP BY 1;
END
$$;

-- Makes deliveries of what has happened, set-wise, and a job of each. Answers how many.
CREATE FUNCTION webhook_events(moment timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  org constant uuid := current_organization_id();
  horizon constant xid8 := pg_snapshot_xmin(pg_current_snapshot());
  made bigint;
BEGIN
  PERFORM require_no_user();
  PERFORM 1 FROM webhook_endpoints WHERE organization_id = org ORDER BY id FOR UPDATE;
  WITH news AS (
    INSERT INTO webhook_deliveries (organization_id, endpoint_id, event, record_id, sequence, payload, next_attempt_at)
    SELECT org, w.id, e.entity || '.' || e.action, e.record_id, e.seq,
      jsonb_build_object('type', e.entity || '.' || e.action, 'timestamp', e.created_at, 'data', jsonb_build_object('seq', e.seq, 'entity', e.entity,
        'id', e.record_id, 'action', e.action, 'version', e.version, 'changed', to_jsonb(e.changed), 'actor', e.actor_id)), moment
    FROM webhook_endpoints w JOIN events e ON e.organization_id = org
      -- After a restore into another server transactions count anew.
      AND e.transaction_id >= least(w.position_key, horizon::text::bigint)::text::xid8 AND e.transaction_id < horizon
    WHERE w.organization_id = org AND w.status = 'active' AND w.has_secret AND wants_event(w.events, e.entity, e.action)
    ON CONFLICT ON CONSTRAINT webhook_deliveries_once DO NOTHING
    RETURNING id
  ), queued AS (
    INSERT INTO jobs (organization_id, kind, key, payload, run_at, max_attempts)
    SELECT org, 'deliver_webhook', n.id::text, jsonb_build_object('delivery_id', n.id), moment, 9 FROM news n
    RETURNING 1
  )
  SELECT count(*) INTO made FROM queued;
  UPDATE webhook_endpoints SET position_key = horizon::text::bigint WHERE organization_id = org AND position_key <> horizon::text::bigint;
  IF made > 0 THEN
    PERFORM pg_notify('kith_jobs', '');
  END IF;
  RETURN made;
END
$$;

-- What a delivery needs; no row when it is over, or its endpoint no longer wants any.
CREATE FUNCTION webhook_delivery(of_delivery uuid)
RETURNS TABLE (endpoint_id uuid, url text, payload jsonb, signing_key bytea, previous_signing_key bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM require_no_user();
  RETURN QUERY
  SELECT w.id, w.url::text, d.payload, s.sealed, CASE WHEN s.changed_at > now() - interval '24 hours' THEN s.previous_sealed END
  FROM webhook_deliveries d JOIN webhook_endpoints w ON w.organization_id = d.organization_id AND w.id = d.endpoint_id
  JOIN webhook_secrets s ON s.organization_id = w.organization_id AND s.endpoint_id = w.id
  WHERE d.organization_id = current_organization_id() AND d.id = of_delivery AND d.status IN ('queued', 'failed') AND w.status = 'active' AND w.has_secret;
END
$$;

-- What became of an attempt. An endpoint that takes nothing any more is disabled, and whoever made it is told.
CREATE FUNCTION settle_webhook(of_delivery uuid, outcome text, answer integer, took integer, error text, again_at timestamptz, moment timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  org constant uuid := current_organization_id();
  endpoint webhook_endpoints;
BEGIN
  PERFORM require_no_user();
  UPDATE webhook_deliveries d SET status = outcome, attempts = d.attempts + 1, response_status = answer, duration_ms = took,
    last_error = CASE outcome WHEN 'delivered' THEN NULL ELSE left(error, 1000) END,
    next_attempt_at = CASE outcome WHEN 'failed' THEN again_at END, delivered_at = CASE outcome WHEN 'delivered' THEN moment END
  WHERE d.organization_id = org AND d.id = of_delivery;
  UPDATE webhook_endpoints w SET
    failures = CASE outcome WHEN 'delivered' THEN 0 WHEN 'dead' THEN w.failures + 1 ELSE w.failures END,
    last_delivered_at = CASE outcome WHEN 'delivered' THEN moment ELSE w.last_delivered_at END,
    last_error = CASE outcome WHEN 'delivered' THEN NULL ELSE left(error, 1000) END,
    status = CASE WHEN outcome = 'dead' AND w.failures + 1 >= 20 AND w.status = 'active' THEN 'disabled' ELSE w.status END
  FROM webhook_deliveries d
  WHERE d.organization_id = org AND d.id = of_delivery AND w.organization_id = org AND w.id = d.endpoint_id
  RETURNING w.* INTO endpoint;
  IF outcome = 'dead' AND endpoint.status = 'disabled' AND endpoint.failures = 20 THEN
    PERFORM notify(ARRAY[endpoint.created_by], 'system', 'A webhook is switched off', endpoint.name || ' took nothing any more: ' || coalesce(error, ''),
      'error', 'webhook_endpoint', endpoint.id);
  END IF;
END
$$;
DO $$
DECLARE door text;
BEGIN
  FOREACH door IN ARRAY ARRAY['organizations_with_webhook_events(timestamptz)', 'webhook_events(timestamptz)', 'webhook_delivery(uuid)',
    'settle_webhook(uuid, text, integer, integer, text, timestamptz, timestamptz)'] LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO kith_definer', door);
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', door);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO kith_app', door);
  END LOOP;
END
$$;
