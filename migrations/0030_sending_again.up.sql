-- A delivery that is over, or waits for its next attempt, is sent again when somebody asks for it.

CREATE FUNCTION resend_webhook(of_delivery uuid, moment timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  org constant uuid := current_organization_id();
  delivery webhook_deliveries;
  endpoint webhook_endpoints;
BEGIN
  IF access_scope('webhooks', 'update') IS DISTINCT FROM 'all' THEN
    RAISE EXCEPTION 'You may not change the webhooks of this organization.' USING ERRCODE = 'KT403';
  END IF;
  SELECT * INTO delivery FROM webhook_deliveries WHERE organization_id = org AND id = of_delivery FOR UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  IF delivery.status = 'queued' THEN
    RAISE EXCEPTION 'This delivery is on its way already.' USING ERRCODE = 'KT409', COLUMN = 'status';
  END IF;
  SELECT * INTO endpoint FROM webhook_endpoints WHERE organization_id = org AND id = delivery.endpoint_id;
  IF endpoint.status <> 'active' THEN
    RAISE EXCEPTION 'The webhook "%" is switched off. Switch it on first.', endpoint.name USING ERRCODE = 'KT409', COLUMN = 'endpoint_id';
  END IF;
  IF NOT endpoint.has_secret THEN
    RAISE EXCEPTION 'The webhook "%" has no secret to sign with. Make one first.', endpoint.name USING ERRCODE = 'KT409', COLUMN = 'endpoint_id';
  END IF;
  UPDATE webhook_deliveries SET status = 'queued', next_attempt_at = moment, delivered_at = NULL WHERE organization_id = org AND id = of_delivery;
  -- The attempt that waits is the one that is asked for.
  INSERT INTO jobs AS j (organization_id, kind, key, payload, run_at, max_attempts, created_by)
  VALUES (org, 'deliver_webhook', of_delivery::text, jsonb_build_object('delivery_id', of_delivery), moment, 9, current_user_id())
  ON CONFLICT (organization_id, kind, key) WHERE status = 'queued' AND key IS NOT NULL
  DO UPDATE SET run_at = least(j.run_at, excluded.run_at), attempts = 0;
  PERFORM pg_notify('kith_jobs', '');
  RETURN true;
END
$$;
ALTER FUNCTION resend_webhook(uuid, timestamptz) OWNER TO kith_definer;
REVOKE ALL ON FUNCTION resend_webhook(uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION resend_webhook(uuid, timestamptz) TO kith_app;
