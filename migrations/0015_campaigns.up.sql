-- Campaigns and whom they reach; who does not want to be reached; the texts that are sent; the forms of
-- landing pages (MODEL §4).

-- History for a table whose columns changed, or some of whose columns follow from others and are no news:
-- counts and times that triggers keep. They still raise the version, which says that a record reads differently.
CREATE PROCEDURE keep_out_of_history(of_entity text, derived text[] DEFAULT '{}', body_column text DEFAULT '')
LANGUAGE plpgsql AS $$
DECLARE
  known record_tables := (SELECT r FROM record_tables r WHERE r.entity = of_entity);
  ignored text[] := derived || ARRAY(
    SELECT attname::text FROM pg_attribute
    WHERE attrelid = known.table_name::regclass AND attnum > 0 AND NOT attisdropped
      AND (attgenerated <> '' OR attname IN ('organization_id', 'id', 'version', 'created_at', 'created_by', 'updated_at', 'updated_by',
        'subject_owner_id', 'subject_company_id', 'subject_project_id')));
  about boolean := EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = known.table_name::regclass AND attname = 'subject_type' AND NOT attisdropped);
  arguments text := format('%L, %L, %L, %L, %L', of_entity, known.title_column, ignored::text, CASE WHEN about THEN 'about' ELSE '' END, body_column);
  operation text;
BEGIN
  FOREACH operation IN ARRAY ARRAY['insert', 'update', 'delete'] LOOP
    EXECUTE format('DROP TRIGGER %I ON %I', known.table_name || '_history_' || operation, known.table_name);
    EXECUTE format('CREATE TRIGGER %I AFTER %s ON %I REFERENCING %s FOR EACH STATEMENT EXECUTE FUNCTION record_history(%s)',
      known.table_name || '_history_' || operation, operation, known.table_name,
      CASE operation WHEN 'insert' THEN 'NEW TABLE AS new_rows' WHEN 'delete' THEN 'OLD TABLE AS old_rows'
        ELSE 'OLD TABLE AS old_rows NEW TABLE AS new_rows' END, arguments);
  END LOOP;
END
$$;

-- Whether a person's preferences forbid a channel: {"do_not_contact": true}, {"do_not_email": true} …
CREATE FUNCTION refuses_channel(preferences jsonb, channel text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(preferences -> 'do_not_contact' = 'true', false) OR coalesce(preferences -> ('do_not_' || channel) = 'true', false)
$$;

-- The address under which a person is found: a phone number without its extension.
CREATE FUNCTION bare_phone(number text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$ SELECT split_part(number, ';', 1) $$;

ALTER TABLE contacts
  ADD COLUMN do_not_contact boolean NOT NULL GENERATED ALWAYS AS (coalesce(preferences -> 'do_not_contact' = 'true', false)) STORED;
CREATE INDEX contacts_do_not_contact ON contacts (organization_id, do_not_contact, id) WHERE deleted_at IS NULL;
CREATE INDEX contacts_bare_phone ON contacts (organization_id, bare_phone(phone::text)) WHERE deleted_at IS NULL AND phone IS NOT NULL;
CREATE INDEX contacts_bare_mobile ON contacts (organization_id, bare_phone(mobile::text)) WHERE deleted_at IS NULL AND mobile IS NOT NULL;

CREATE TABLE campaigns (
  organization_id  uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  name             text COLLATE "und-x-icu" NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
  description      text CHECK (char_length(description) <= 50000),
  type             text NOT NULL DEFAULT 'email' CHECK (type IN ('email', 'social', 'webinar', 'event', 'content', 'other')),
  status           text NOT NULL DEFAULT 'planning' CHECK (status IN ('planning', 'active', 'paused', 'completed', 'cancelled')),
  start_date       date,
  end_date         date,
  budget           numeric(16,3) CHECK (budget >= 0),
  budget_key       bigint GENERATED ALWAYS AS ((budget * 1000)::bigint) STORED,
  actual_cost      numeric(16,3) CHECK (actual_cost >= 0),
  actual_cost_key  bigint GENERATED ALWAYS AS ((actual_cost * 1000)::bigint) STORED,
  currency         currency_code NOT NULL DEFAULT 'USD',
  owner_id         uuid,
  -- The client it is run for.
  company_id       uuid,
  -- {"entity": "contact" or "lead", "filter": a filter of that entity}
  target_audience  jsonb CHECK (jsonb_typeof(target_audience) = 'object'),
  goals            jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(goals) = 'object'),
  -- What other systems counted: impressions, clicks, conversions, spend …
  metrics          jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metrics) = 'object'),
  tags             text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 50),
  custom_fields    jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(custom_fields) = 'object'),
  created_at       timestamptz NOT NULL DEFAULT now(),
  updated_at       timestamptz NOT NULL DEFAULT now(),
  deleted_at       timestamptz,
  created_by       uuid,
  updated_by       uuid,
  version          bigint NOT NULL DEFAULT 1,
  search_text      text GENERATED ALWAYS AS (fold_text(name)) STORED,
  search_vector    tsvector GENERATED ALWAYS AS (to_tsvector('simple', fold_text(name || ' ' || left(coalesce(description, ''), 10000)))) STORED,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT campaigns_end_date_check CHECK (end_date >= start_date),
  FOREIGN KEY (organization_id, company_id) REFERENCES companies (organization_id, id) ON DELETE SET NULL (company_id),
  FOREIGN KEY (organization_id, owner_id) REFERENCES memberships (organization_id, user_id) ON DELETE SET NULL (owner_id)
);
CALL index_fields('campaigns', ARRAY['name', 'type', 'status', 'start_date', 'end_date', 'budget_key', 'actual_cost_key', 'currency', 'owner_id',
  'company_id', 'created_at', 'updated_at'], 'deleted_at IS NULL');
CREATE INDEX campaigns_deleted ON campaigns (organization_id, deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX campaigns_search_text ON campaigns USING gin (organization_id, search_text gin_trgm_ops);
CREATE INDEX campaigns_search_vector ON campaigns USING gin (organization_id, search_vector);

-- planning → active ⇄ paused → completed; what is not over may be cancelled; what is over stays so.
CREATE FUNCTION guard_campaign_status() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF NOT NEW.status = ANY (CASE OLD.status
      WHEN 'planning' THEN ARRAY['planning', 'active', 'cancelled']
      WHEN 'active' THEN ARRAY['active', 'paused', 'completed', 'cancelled']
      WHEN 'paused' THEN ARRAY['paused', 'active', 'completed', 'cancelled']
      ELSE ARRAY[OLD.status] END)
  THEN
    RAISE EXCEPTION 'A campaign that is % cannot become %.', OLD.status, NEW.status USING ERRCODE = 'KT409', COLUMN = 'status',
      HINT = 'It is planned, then active or paused, then completed or cancelled.';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER campaigns_status BEFORE UPDATE OF status ON campaigns FOR EACH ROW EXECUTE FUNCTION guard_campaign_status();

ALTER TABLE leads
  ADD COLUMN campaign_id uuid,
  ADD COLUMN preferences jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(preferences) = 'object'),
  ADD COLUMN do_not_contact boolean NOT NULL GENERATED ALWAYS AS (coalesce(preferences -> 'do_not_contact' = 'true', false)) STORED,
  ADD CONSTRAINT leads_campaign FOREIGN KEY (organization_id, campaign_id) REFERENCES campaigns (organization_id, id) ON DELETE SET NULL (campaign_id);
CREATE INDEX leads_campaign_id ON leads (organization_id, campaign_id, id) WHERE deleted_at IS NULL;
CREATE INDEX leads_do_not_contact ON leads (organization_id, do_not_contact, id) WHERE deleted_at IS NULL;
CREATE INDEX leads_bare_phone ON leads (organization_id, bare_phone(phone::text)) WHERE deleted_at IS NULL AND phone IS NOT NULL;

ALTER TABLE projects
  ADD COLUMN campaign_id uuid,
  ADD CONSTRAINT projects_campaign FOREIGN KEY (organization_id, campaign_id) REFERENCES campaigns (organization_id, id) ON DELETE SET NULL (campaign_id);
CREATE INDEX projects_campaign_id ON projects (organization_id, campaign_id, id) WHERE deleted_at IS NULL;

-- Addresses that are not written to any more, whoever has them.
CREATE TABLE suppressions (
  organization_id  uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  -- An e-mail address in lower case, or a phone number as E.164.
  address          text COLLATE "C" NOT NULL CHECK (char_length(address) BETWEEN 3 AND 255 AND address = lower(address)),
  channel          text NOT NULL CHECK (channel IN ('email', 'sms', 'whatsapp')),
  reason           text NOT NULL DEFAULT 'manual' CHECK (reason IN ('unsubscribed', 'bounced', 'complained', 'manual')),
  since            timestamptz NOT NULL DEFAULT now(),
  -- The campaign whose message it was.
  campaign_id      uuid,
  note             text CHECK (char_length(note) <= 1000),
  created_at       timestamptz NOT NULL DEFAULT now(),
  updated_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid,
  updated_by       uuid,
  version          bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT suppressions_address_unique UNIQUE (organization_id, address, channel),
  CONSTRAINT suppressions_address_fits CHECK (CASE channel WHEN 'email' THEN position('@' IN address) > 1 ELSE address ~ '^\+[1-9][0-9]{6,14}$' END),
  FOREIGN KEY (organization_id, campaign_id) REFERENCES campaigns (organization_id, id) ON DELETE SET NULL (campaign_id)
);
CALL index_fields('suppressions', ARRAY['channel', 'reason', 'since', 'campaign_id', 'created_at', 'updated_at'], NULL);

-- Which of these addresses are suppressed on a channel: all that anybody who writes to people may know.
CREATE FUNCTION suppressed(addresses text[], wanted_channel text) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
BEGIN
  RETURN QUERY SELECT s.address FROM suppressions s
    WHERE s.organization_id = current_organization_id() AND s.address = ANY (addresses) AND s.channel = wanted_channel;
END
$$;
ALTER FUNCTION suppressed(text[], text) OWNER TO kith_definer;
REVOKE ALL ON FUNCTION suppressed(text[], text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION suppressed(text[], text) TO kith_app;

-- Whom a campaign reaches: a contact or a lead, and how far it got with them.
CREATE TABLE campaign_members (
  organization_id  uuid NOT NULL,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  campaign_id      uuid NOT NULL,
  contact_id       uuid,
  lead_id          uuid,
  status           text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sent', 'delivered', 'opened', 'clicked', 'bounced', 'unsubscribed')),
  sent_at          timestamptz,
  delivered_at     timestamptz,
  opened_at        timestamptz,
  clicked_at       timestamptz,
  bounced_at       timestamptz,
  unsubscribed_at  timestamptz,
  created_at       timestamptz NOT NULL DEFAULT now(),
  updated_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid,
  updated_by       uuid,
  version          bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT campaign_members_one_person CHECK (num_nonnulls(contact_id, lead_id) = 1),
  CONSTRAINT campaign_members_contact_id_unique UNIQUE (organization_id, campaign_id, contact_id),
  CONSTRAINT campaign_members_lead_id_unique UNIQUE (organization_id, campaign_id, lead_id),
  FOREIGN KEY (organization_id, campaign_id) REFERENCES campaigns (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, contact_id) REFERENCES contacts (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, lead_id) REFERENCES leads (organization_id, id) ON DELETE CASCADE
);
CALL index_fields('campaign_members', ARRAY['campaign_id', 'contact_id', 'lead_id', 'status', 'sent_at', 'opened_at', 'clicked_at', 'created_at', 'updated_at'], NULL);
-- A campaign's states are counted from this index alone.
CREATE INDEX campaign_members_states ON campaign_members (organization_id, campaign_id, status)
  INCLUDE (sent_at, delivered_at, opened_at, clicked_at, bounced_at, unsubscribed_at);

-- How far a state is. A message that bounced was not opened; who left stays away.
CREATE FUNCTION member_progress(status text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE status WHEN 'pending' THEN 0 WHEN 'sent' THEN 1 WHEN 'delivered' THEN 2 WHEN 'opened' THEN 3 WHEN 'clicked' THEN 4
    WHEN 'bounced' THEN 5 ELSE 6 END
$$;

-- States move forward only; each leaves the time at which it was reached, and reaching one implies those before it.
CREATE FUNCTION advance_campaign_member() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    -- Merging moves members to whom they turned out to be.
    IF current_user = 'kith_app' AND (NEW.campaign_id, NEW.contact_id, NEW.lead_id) IS DISTINCT FROM (OLD.campaign_id, OLD.contact_id, OLD.lead_id) THEN
      RAISE EXCEPTION 'Who a member is cannot change. Remove it and add another.' USING ERRCODE = 'KT422', COLUMN = 'contact_id';
    END IF;
    IF member_progress(NEW.status) < member_progress(OLD.status) OR NEW.status = 'bounced' AND OLD.status IN ('opened', 'clicked') THEN
      RAISE EXCEPTION 'A member that is % cannot become %.', OLD.status, NEW.status USING ERRCODE = 'KT409', COLUMN = 'status',
        HINT = 'States only move forward.';
    END IF;
    -- What happened, happened then.
    NEW.sent_at := coalesce(OLD.sent_at, NEW.sent_at);
    NEW.delivered_at := coalesce(OLD.delivered_at, NEW.delivered_at);
    NEW.opened_at := coalesce(OLD.opened_at, NEW.opened_at);
    NEW.clicked_at := coalesce(OLD.clicked_at, NEW.clicked_at);
    NEW.bounced_at := coalesce(OLD.bounced_at, NEW.bounced_at);
    NEW.unsubscribed_at := coalesce(OLD.unsubscribed_at, NEW.unsubscribed_at);
  END IF;
  CASE NEW.status
    WHEN 'clicked' THEN
      NEW.clicked_at := coalesce(NEW.clicked_at, now());
      NEW.opened_at := coalesce(NEW.opened_at, NEW.clicked_at);
      NEW.delivered_at := coalesce(NEW.delivered_at, NEW.opened_at);
      NEW.sent_at := coalesce(NEW.sent_at, NEW.delivered_at);
    WHEN 'opened' THEN
      NEW.opened_at := coalesce(NEW.opened_at, now());
      NEW.delivered_at := coalesce(NEW.delivered_at, NEW.opened_at);
      NEW.sent_at := coalesce(NEW.sent_at, NEW.delivered_at);
    WHEN 'delivered' THEN
      NEW.delivered_at := coalesce(NEW.delivered_at, now());
      NEW.sent_at := coalesce(NEW.sent_at, NEW.delivered_at);
    WHEN 'sent' THEN
      NEW.sent_at := coalesce(NEW.sent_at, now());
    WHEN 'bounced' THEN
      NEW.bounced_at := coalesce(NEW.bounced_at, now());
      NEW.sent_at := coalesce(NEW.sent_at, NEW.bounced_at);
    WHEN 'unsubscribed' THEN
      NEW.unsubscribed_at := coalesce(NEW.unsubscribed_at, now());
    ELSE
      NULL;
  END CASE;
  RETURN NEW;
END
$$;
CREATE TRIGGER campaign_members_advance BEFORE INSERT OR UPDATE ON campaign_members FOR EACH ROW EXECUTE FUNCTION advance_campaign_member();

-- Nobody is added or sent to who does not want it. What arrives as bounced or unsubscribed is the record of that.
CREATE FUNCTION refuse_unreachable_members() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  refused record;
BEGIN
  IF TG_OP = 'INSERT' THEN
    SELECT count(*) AS members, min(CASE WHEN n.contact_id IS NULL THEN 'lead_id' ELSE 'contact_id' END) AS field INTO refused
    FROM new_rows n
    LEFT JOIN contacts c ON c.organization_id = n.organization_id AND c.id = n.contact_id
    LEFT JOIN leads l ON l.organization_id = n.organization_id AND l.id = n.lead_id
    WHERE n.status NOT IN ('bounced', 'unsubscribed')
      AND (refuses_channel(coalesce(c.preferences, l.preferences), 'email') OR EXISTS (
        SELECT 1 FROM suppressions s
        WHERE s.organization_id = n.organization_id AND s.address = coalesce(c.email, l.email)::text AND s.channel = 'email'));
  ELSE
    SELECT count(*) AS members, min(CASE WHEN n.contact_id IS NULL THEN 'lead_id' ELSE 'contact_id' END) AS field INTO refused
    FROM new_rows n
    JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id AND o.status = 'pending'
    LEFT JOIN contacts c ON c.organization_id = n.organization_id AND c.id = n.contact_id
    LEFT JOIN leads l ON l.organization_id = n.organization_id AND l.id = n.lead_id
    WHERE n.status IN ('sent', 'delivered', 'opened', 'clicked')
      AND (refuses_channel(coalesce(c.preferences, l.preferences), 'email') OR EXISTS (
        SELECT 1 FROM suppressions s
        WHERE s.organization_id = n.organization_id AND s.address = coalesce(c.email, l.email)::text AND s.channel = 'email'));
  END IF;
  IF refused.members > 0 THEN
    RAISE EXCEPTION '% of these people do not want to be written to. Leave them out.', refused.members
      USING ERRCODE = 'KT409', COLUMN = refused.field;
  END IF;
  RETURN NULL;
END
$$;
ALTER FUNCTION refuse_unreachable_members() OWNER TO kith_definer;
CREATE TRIGGER campaign_members_reachable_insert AFTER INSERT ON campaign_members REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_unreachable_members();
CREATE TRIGGER campaign_members_reachable_update AFTER UPDATE ON campaign_members REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_unreachable_members();

-- Who leaves, leaves the campaign whose message it was and every campaign that has not written to them yet; an address
-- that does not exist is no contact's any more.
CREATE FUNCTION honour_suppressions() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE campaign_members m
  SET status = CASE WHEN p.reason = 'bounced' AND m.status NOT IN ('opened', 'clicked') THEN 'bounced' ELSE 'unsubscribed' END
  FROM (
    SELECT n.organization_id, n.reason, n.campaign_id, c.id AS contact_id, NULL::uuid AS lead_id
    FROM new_rows n JOIN contacts c ON c.organization_id = n.organization_id AND c.email = n.address WHERE n.channel = 'email'
    UNION ALL
    SELECT n.organization_id, n.reason, n.campaign_id, NULL, l.id
    FROM new_rows n JOIN leads l ON l.organization_id = n.organization_id AND l.email = n.address WHERE n.channel = 'email'
  ) p
  WHERE m.organization_id = p.organization_id AND (m.contact_id = p.contact_id OR m.lead_id = p.lead_id)
    AND m.status NOT IN ('bounced', 'unsubscribed') AND (m.status = 'pending' OR m.campaign_id = p.campaign_id);
  UPDATE contacts c SET status = 'bounced'
  FROM new_rows n
  WHERE n.channel = 'email' AND n.reason = 'bounced' AND c.organization_id = n.organization_id AND c.email = n.address
    AND c.status = 'active' AND c.deleted_at IS NULL;
  RETURN NULL;
END
$$;
ALTER FUNCTION honour_suppressions() OWNER TO kith_definer;
CREATE TRIGGER suppressions_honoured AFTER INSERT ON suppressions REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION honour_suppressions();

-- Somebody followed the link in a message. The server has opened the link's seal and acts for no user, in the
-- organization that the link names. Twice is as once.
CREATE FUNCTION unsubscribe(wanted_address text, wanted_channel text, from_campaign uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_no_user();
  INSERT INTO suppressions (organization_id, address, channel, reason, campaign_id)
  SELECT o.id, wanted_address, wanted_channel, 'unsubscribed', c.id
  FROM organizations o LEFT JOIN campaigns c ON c.organization_id = o.id AND c.id = from_campaign
  WHERE o.id = current_organization_id()
  ON CONFLICT DO NOTHING;
END
$$;
ALTER FUNCTION unsubscribe(text, text, uuid) OWNER TO kith_definer;
REVOKE ALL ON FUNCTION unsubscribe(text, text, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION unsubscribe(text, text, uuid) TO kith_app;

-- What is written to people. The variables are read from the texts themselves.
CREATE TABLE email_templates (
  organization_id  uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  name             text COLLATE "und-x-icu" NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
  description      text CHECK (char_length(description) <= 1000),
  category         text NOT NULL DEFAULT 'notification' CHECK (category IN ('notification', 'marketing', 'transactional')),
  subject          text NOT NULL CHECK (char_length(subject) BETWEEN 1 AND 998),
  body_html        text CHECK (char_length(body_html) <= 50000),
  body_text        text CHECK (char_length(body_text) <= 50000),
  variables        jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(variables) = 'array'),
  is_active        boolean NOT NULL DEFAULT true,
  tags             text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 50),
  custom_fields    jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(custom_fields) = 'object'),
  created_at       timestamptz NOT NULL DEFAULT now(),
  updated_at       timestamptz NOT NULL DEFAULT now(),
  deleted_at       timestamptz,
  created_by       uuid,
  updated_by       uuid,
  version          bigint NOT NULL DEFAULT 1,
  search_text      text GENERATED ALWAYS AS (fold_text(name || ' ' || subject)) STORED,
  search_vector    tsvector GENERATED ALWAYS AS (to_tsvector('simple', fold_text(name || ' ' || subject || ' ' || left(coalesce(body_text, ''), 10000)))) STORED,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT email_templates_has_body CHECK (body_html IS NOT NULL OR body_text IS NOT NULL)
);
CALL index_fields('email_templates', ARRAY['name', 'category', 'is_active', 'created_at', 'updated_at'], 'deleted_at IS NULL');
CREATE INDEX email_templates_deleted ON email_templates (organization_id, deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX email_templates_search_text ON email_templates USING gin (organization_id, search_text gin_trgm_ops);
CREATE INDEX email_templates_search_vector ON email_templates USING gin (organization_id, search_vector);

-- Forms of landing pages: what anybody may send in, and what lead it makes.
CREATE TABLE inbound_forms (
  organization_id    uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id                 uuid NOT NULL DEFAULT uuid_v7(),
  name               text COLLATE "und-x-icu" NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
  description        text CHECK (char_length(description) <= 1000),
  -- Where it is sent to: 122 random bits.
  public_id         text COLLATE "C" NOT NULL DEFAULT replace(gen_random_uuid()::text, '-', '') CHECK (public_id ~ '^[0-9a-f]{32}$'),
  is_active          boolean NOT NULL DEFAULT true,
  -- In whose name its leads are made, and whose they are.
  owner_id           uuid,
  campaign_id        uuid,
  product_id         uuid,
  source             text NOT NULL DEFAULT 'website' CHECK (source IN ('website', 'referral', 'brief_wizard', 'cold_outreach', 'cold_call', 'inbound', 'partner',
                       'event', 'google_ads', 'facebook_ads', 'organic', 'import', 'api', 'other')),
  source_detail      text CHECK (char_length(source_detail) <= 255),
  -- [{"name": as the page sends it, "field": a lead's, "label", "required"}]
  fields             jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(fields) = 'array'),
  -- The sites whose pages may send, such as https://example.com; empty: any.
  allowed_origins    jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(allowed_origins) = 'array'),
  -- A field that people do not see; who fills it in is a robot.
  honeypot           text NOT NULL DEFAULT 'company_fax' CHECK (honeypot ~ '^[a-z][a-z0-9_]{0,49}$'),
  success_message    text NOT NULL DEFAULT 'Thank you. We will be in touch.' CHECK (char_length(success_message) BETWEEN 1 AND 1000),
  redirect_url       web_address,
  submission_count   integer NOT NULL DEFAULT 0 CHECK (submission_count >= 0),
  last_submitted_at  timestamptz,
  created_at         timestamptz NOT NULL DEFAULT now(),
  updated_at         timestamptz NOT NULL DEFAULT now(),
  deleted_at         timestamptz,
  created_by         uuid,
  updated_by         uuid,
  version            bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, owner_id) REFERENCES memberships (organization_id, user_id) ON DELETE SET NULL (owner_id),
  FOREIGN KEY (organization_id, campaign_id) REFERENCES campaigns (organization_id, id) ON DELETE SET NULL (campaign_id),
  FOREIGN KEY (organization_id, product_id) REFERENCES products (organization_id, id) ON DELETE SET NULL (product_id)
);
-- Across organizations: whoever sends a form knows nothing but its key.
CREATE UNIQUE INDEX inbound_forms_public_id_unique ON inbound_forms (public_id);
CALL index_fields('inbound_forms', ARRAY['name', 'is_active', 'owner_id', 'campaign_id', 'product_id', 'source', 'last_submitted_at', 'created_at', 'updated_at'], 'deleted_at IS NULL');
CREATE INDEX inbound_forms_deleted ON inbound_forms (organization_id, deleted_at, id) WHERE deleted_at IS NOT NULL;

-- What came of each submission. Nothing of what was sent is kept but in the lead.
CREATE TABLE form_submissions (
  organization_id  uuid NOT NULL,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  form_id          uuid NOT NULL,
  -- known: somebody whose lead is open already; spam: the honeypot was filled in.
  outcome          text NOT NULL CHECK (outcome IN ('accepted', 'known', 'spam')),
  lead_id          uuid,
  -- The page's site, as its browser says.
  origin           text CHECK (char_length(origin) <= 255),
  created_at       timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, form_id) REFERENCES inbound_forms (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, lead_id) REFERENCES leads (organization_id, id) ON DELETE SET NULL (lead_id)
);
CREATE INDEX form_submissions_form ON form_submissions (organization_id, form_id, created_at, id);
CREATE INDEX form_submissions_lead ON form_submissions (organization_id, lead_id) WHERE lead_id IS NOT NULL;

CREATE FUNCTION count_submissions() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE inbound_forms f SET submission_count = f.submission_count + n.submissions, last_submitted_at = greatest(f.last_submitted_at, n.last)
  FROM (SELECT organization_id, form_id, count(*)::integer AS submissions, max(created_at) AS last FROM new_rows WHERE outcome <> 'spam' GROUP BY 1, 2) n
  WHERE f.organization_id = n.organization_id AND f.id = n.form_id;
  RETURN NULL;
END
$$;
ALTER FUNCTION count_submissions() OWNER TO kith_definer;
CREATE TRIGGER form_submissions_count AFTER INSERT ON form_submissions REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION count_submissions();

-- The form that answers to a key, for whoever sends it in, and who makes its leads: its owner while they may, else an
-- owner of the organization, of whom there is always one.
CREATE FUNCTION form_of(wanted_key text) RETURNS TABLE (organization_id uuid, id uuid, fields jsonb, allowed_origins jsonb, honeypot text,
  success_message text, redirect_url text, source text, source_detail text, campaign_id uuid, product_id uuid, acting_user uuid, lead_owner uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM require_no_user();
  RETURN QUERY
  SELECT f.organization_id, f.id, f.fields, f.allowed_origins, f.honeypot, f.success_message, f.redirect_url::text, f.source, f.source_detail,
    f.campaign_id, f.product_id, coalesce(mine.user_id, anyone.user_id), mine.user_id
  FROM inbound_forms f
  LEFT JOIN LATERAL (
    SELECT m.user_id FROM memberships m JOIN users u ON u.id = m.user_id AND u.is_active
    JOIN role_permissions p ON p.organization_id = m.organization_id AND p.role_id = m.role_id AND p.resource = 'leads' AND p.action = 'create'
    WHERE m.organization_id = f.organization_id AND m.user_id = f.owner_id AND m.status = 'active') mine ON true
  LEFT JOIN LATERAL (
    SELECT m.user_id FROM memberships m JOIN users u ON u.id = m.user_id AND u.is_active
    JOIN roles r ON r.organization_id = m.organization_id AND r.id = m.role_id AND r.key = 'owner'
    WHERE m.organization_id = f.organization_id AND m.status = 'active' ORDER BY m.created_at, m.user_id LIMIT 1) anyone ON true
  WHERE f.public_id = wanted_key AND f.is_active AND f.deleted_at IS NULL;
END
$$;
ALTER FUNCTION form_of(text) OWNER TO kith_definer;
REVOKE ALL ON FUNCTION form_of(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION form_of(text) TO kith_app;

-- Notes what came of a submission; callable with and without a user, for the organization of the transaction.
CREATE FUNCTION record_submission(of_form uuid, what text, made_lead uuid, from_origin text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO form_submissions (organization_id, form_id, outcome, lead_id, origin)
  SELECT f.organization_id, f.id, what, made_lead, left(from_origin, 255)
  FROM inbound_forms f WHERE f.organization_id = current_organization_id() AND f.id = of_form AND f.is_active
$$;
ALTER FUNCTION record_submission(uuid, text, uuid, text) OWNER TO kith_definer;
REVOKE ALL ON FUNCTION record_submission(uuid, text, uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record_submission(uuid, text, uuid, text) TO kith_app;

-- Permissions and the roles' defaults (MODEL §3).
CALL declare_resource('campaigns', ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk', 'assign']);
CALL declare_resource('suppressions', ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk']);
CALL declare_resource('email_templates', ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk']);
CALL declare_resource('inbound_forms', ARRAY['create', 'read', 'update', 'delete']);
CALL default_grant('manager', ARRAY['campaigns'], ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk', 'assign'], 'all');
CALL default_grant('manager', ARRAY['suppressions', 'email_templates'], ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk'], 'all');
CALL default_grant('manager', ARRAY['inbound_forms'], ARRAY['create', 'read', 'update', 'delete'], 'all');
CALL default_grant('sales', ARRAY['campaigns'], ARRAY['read'], 'all');
CALL default_grant('member', ARRAY['campaigns'], ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk'], 'assigned');
DO $$
DECLARE key text;
BEGIN
  FOREACH key IN ARRAY ARRAY['sales', 'support', 'member'] LOOP
    -- Whoever is told "write to me no more" notes it; taking it back is for managers.
    CALL default_grant(key, ARRAY['suppressions'], ARRAY['create', 'read'], 'all');
    CALL default_grant(key, ARRAY['email_templates', 'inbound_forms'], ARRAY['read'], 'all');
  END LOOP;
END
$$;
CALL default_grant('finance', ARRAY['campaigns'], ARRAY['read'], 'all');
CALL default_grant('viewer', ARRAY['campaigns', 'suppressions', 'email_templates', 'inbound_forms'], ARRAY['read'], 'all');
SELECT apply_role_defaults(NULL, resource) FROM unnest(ARRAY['campaigns', 'suppressions', 'email_templates', 'inbound_forms']) resource;

CALL protect_owned('campaigns', 'campaigns', ARRAY['owner_id'], 'company_id');
CALL protect_through('campaign_members', 'campaigns', 'campaigns', 'campaign_id', 'campaigns', 'owner_id', 'company_id');
CALL protect_shared('suppressions', 'suppressions');
CALL protect_shared('email_templates', 'email_templates');
CALL protect_shared('inbound_forms', 'inbound_forms');
CALL forbid_by_default('form_submissions');
CREATE POLICY form_submissions_read ON form_submissions FOR SELECT TO kith_app
  USING (organization_id = current_organization_id() AND (SELECT access_scope('inbound_forms', 'read')) = 'all');
GRANT SELECT ON form_submissions TO kith_app;
-- Hidden, not removed.
REVOKE DELETE ON email_templates, inbound_forms FROM kith_app;

CALL install_entity('campaign', 'campaigns', 'name', 'campaigns');
CALL install_entity('campaign_member', 'campaign_members', '', 'campaigns');
CALL install_entity('suppression', 'suppressions', 'address', 'suppressions');
CALL install_entity('email_template', 'email_templates', 'name', 'email_templates');
CALL install_entity('inbound_form', 'inbound_forms', 'name', 'inbound_forms');
CALL keep_out_of_history('inbound_form', ARRAY['submission_count', 'last_submitted_at']);
CALL keep_out_of_history('contact');
CALL keep_out_of_history('lead');

CREATE TRIGGER campaigns_guard BEFORE INSERT OR UPDATE ON campaigns FOR EACH ROW EXECUTE FUNCTION guard_record('campaigns', 'owner_id', 'company_id');
CREATE TRIGGER email_templates_guard BEFORE INSERT OR UPDATE ON email_templates FOR EACH ROW EXECUTE FUNCTION guard_record('email_templates', '', '');
CREATE TRIGGER inbound_forms_guard BEFORE INSERT OR UPDATE ON inbound_forms FOR EACH ROW EXECUTE FUNCTION guard_record('inbound_forms', '', '');

CALL add_subject_kind('tasks', 'campaign');
CALL add_subject_kind('notes', 'campaign');
