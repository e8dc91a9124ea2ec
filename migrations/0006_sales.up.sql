-- Companies, contacts, products, pipelines and deals (MODEL §4).

-- The domain of a web address, without www: what a lead's address is matched by.
CREATE FUNCTION web_domain(address text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
  SELECT left(substring(lower(address) FROM '^[a-z]+://(?:www\.)?([^/:?#@]+)'), 253)
$$;

CREATE TABLE companies (
  organization_id      uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id                   uuid NOT NULL DEFAULT uuid_v7(),
  name                 text COLLATE "und-x-icu" NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
  slug                 text CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,99}$'),
  description          text CHECK (char_length(description) <= 50000),
  industry_id          uuid,
  company_size         text CHECK (company_size IN ('1-10', '11-50', '51-200', '201-500', '500+')),
  status               text NOT NULL DEFAULT 'prospect' CHECK (status IN ('lead', 'prospect', 'active', 'inactive', 'churned', 'archived')),
  website              web_address,
  domain_key           text GENERATED ALWAYS AS (web_domain(website)) STORED,
  email                email_address,
  phone                phone_number,
  billing_address      jsonb CHECK (jsonb_typeof(billing_address) = 'object'),
  shipping_address     jsonb CHECK (jsonb_typeof(shipping_address) = 'object'),
  annual_revenue       numeric(16,3) CHECK (annual_revenue >= 0),
  annual_revenue_key   bigint GENERATED ALWAYS AS ((annual_revenue * 1000)::bigint) STORED,
  currency             currency_code,
  employee_count       integer CHECK (employee_count >= 0),
  year_founded         integer CHECK (year_founded BETWEEN 1000 AND 2100),
  parent_id            uuid,
  owner_id             uuid,
  payment_terms        text CHECK (payment_terms IN ('due_on_receipt', 'net_15', 'net_30', 'net_60', 'net_90')),
  credit_limit         numeric(16,3) CHECK (credit_limit >= 0),
  credit_limit_key     bigint GENERATED ALWAYS AS ((credit_limit * 1000)::bigint) STORED,
  tax_id               text CHECK (char_length(tax_id) <= 100),
  lifetime_value       numeric(16,3) NOT NULL DEFAULT 0 CHECK (lifetime_value >= 0),
  lifetime_value_key   bigint GENERATED ALWAYS AS ((lifetime_value * 1000)::bigint) STORED,
  score                integer CHECK (score BETWEEN 0 AND 100),
  score_reasons        jsonb,
  notes                text CHECK (char_length(notes) <= 50000),
  settings             jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(settings) = 'object'),
  tags                 text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 50),
  custom_fields        jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(custom_fields) = 'object'),
  created_at           timestamptz NOT NULL DEFAULT now(),
  updated_at           timestamptz NOT NULL DEFAULT now(),
  deleted_at           timestamptz,
  created_by           uuid,
  updated_by           uuid,
  version              bigint NOT NULL DEFAULT 1,
  search_text          text GENERATED ALWAYS AS (fold_text(name || ' ' || coalesce(email::text, '') || ' ' || coalesce(website::text, '') || ' ' || coalesce(phone::text, ''))) STORED,
  search_vector        tsvector GENERATED ALWAYS AS (to_tsvector('simple', fold_text(name || ' ' || coalesce(email::text, '') || ' ' || coalesce(website::text, '') || ' ' || left(coalesce(description, ''), 10000)))) STORED,
  PRIMARY KEY (organization_id, id),
  CHECK (parent_id <> id),
  FOREIGN KEY (organization_id, industry_id) REFERENCES industries (organization_id, id) ON DELETE SET NULL (industry_id),
  FOREIGN KEY (organization_id, parent_id) REFERENCES companies (organization_id, id) ON DELETE SET NULL (parent_id),
  FOREIGN KEY (organization_id, owner_id) REFERENCES memberships (organization_id, user_id) ON DELETE SET NULL (owner_id)
);
CREATE UNIQUE INDEX companies_slug_unique ON companies (organization_id, slug) WHERE deleted_at IS NULL;
CALL index_fields('companies', ARRAY['name', 'status', 'company_size', 'industry_id', 'owner_id', 'parent_id', 'email',
  'annual_revenue_key', 'employee_count', 'credit_limit_key', 'lifetime_value_key', 'score', 'created_at', 'updated_at'], 'deleted_at IS NULL');
CREATE INDEX companies_domain ON companies (organization_id, domain_key, id) WHERE deleted_at IS NULL AND domain_key IS NOT NULL;
CREATE INDEX companies_deleted ON companies (organization_id, deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX companies_search_text ON companies USING gin (organization_id, search_text gin_trgm_ops);
CREATE INDEX companies_search_vector ON companies USING gin (organization_id, search_vector);

-- People who see a company because they belong to it: the client's own side, or a team assigned.
CREATE TABLE company_members (
  organization_id  uuid NOT NULL,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  company_id       uuid NOT NULL,
  user_id          uuid NOT NULL,
  role             text NOT NULL DEFAULT 'member' CHECK (role IN ('admin', 'member', 'viewer')),
  created_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid,
  updated_at       timestamptz NOT NULL DEFAULT now(),
  updated_by       uuid,
  version          bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT company_members_unique UNIQUE (organization_id, company_id, user_id),
  FOREIGN KEY (organization_id, company_id) REFERENCES companies (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, user_id) REFERENCES memberships (organization_id, user_id) ON DELETE CASCADE
);
CREATE INDEX company_members_user ON company_members (organization_id, user_id, company_id);
CALL index_fields('company_members', ARRAY['role', 'created_at', 'updated_at'], NULL);

CREATE TABLE contacts (
  organization_id  uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  company_id       uuid,
  first_name       text COLLATE "und-x-icu" CHECK (char_length(first_name) BETWEEN 1 AND 100),
  last_name        text COLLATE "und-x-icu" CHECK (char_length(last_name) BETWEEN 1 AND 100),
  full_name        text COLLATE "und-x-icu" GENERATED ALWAYS AS (
                     CASE WHEN first_name IS NULL THEN coalesce(last_name, '') WHEN last_name IS NULL THEN first_name ELSE first_name || ' ' || last_name END) STORED,
  email            email_address,
  phone            phone_number,
  mobile           phone_number,
  job_title        text CHECK (char_length(job_title) <= 100),
  department       text CHECK (char_length(department) <= 100),
  is_primary       boolean NOT NULL DEFAULT false,
  status           text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'bounced')),
  lead_source      text CHECK (char_length(lead_source) <= 100),
  score            integer CHECK (score BETWEEN 0 AND 100),
  score_reasons    jsonb,
  owner_id         uuid,
  social_profiles  jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(social_profiles) = 'object'),
  preferences      jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(preferences) = 'object'),
  address          jsonb CHECK (jsonb_typeof(address) = 'object'),
  notes            text CHECK (char_length(notes) <= 50000),
  tags             text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 50),
  custom_fields    jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(custom_fields) = 'object'),
  created_at       timestamptz NOT NULL DEFAULT now(),
  updated_at       timestamptz NOT NULL DEFAULT now(),
  deleted_at       timestamptz,
  created_by       uuid,
  updated_by       uuid,
  version          bigint NOT NULL DEFAULT 1,
  search_text      text GENERATED ALWAYS AS (fold_text(coalesce(first_name, '') || ' ' || coalesce(last_name, '') || ' ' || coalesce(email::text, '') || ' ' || coalesce(phone::text, '') || ' ' || coalesce(mobile::text, ''))) STORED,
  search_vector    tsvector GENERATED ALWAYS AS (to_tsvector('simple', fold_text(coalesce(first_name, '') || ' ' || coalesce(last_name, '') || ' ' || coalesce(email::text, '') || ' ' || coalesce(job_title, '') || ' ' || left(coalesce(notes, ''), 10000)))) STORED,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT contacts_named CHECK (first_name IS NOT NULL OR last_name IS NOT NULL OR email IS NOT NULL),
  FOREIGN KEY (organization_id, company_id) REFERENCES companies (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, owner_id) REFERENCES memberships (organization_id, user_id) ON DELETE SET NULL (owner_id)
);
CREATE UNIQUE INDEX contacts_email_unique ON contacts (organization_id, email) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX contacts_primary_unique ON contacts (organization_id, company_id) WHERE is_primary AND deleted_at IS NULL;
CALL index_fields('contacts', ARRAY['full_name', 'first_name', 'last_name', 'company_id', 'owner_id', 'email', 'status', 'lead_source', 'job_title', 'score', 'created_at', 'updated_at'], 'deleted_at IS NULL');
CREATE INDEX contacts_is_primary ON contacts (organization_id, is_primary, id) WHERE deleted_at IS NULL;
CREATE INDEX contacts_deleted ON contacts (organization_id, deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX contacts_search_text ON contacts USING gin (organization_id, search_text gin_trgm_ops);
CREATE INDEX contacts_search_vector ON contacts USING gin (organization_id, search_vector);

ALTER TABLE activities ADD FOREIGN KEY (organization_id, contact_id) REFERENCES contacts (organization_id, id) ON DELETE SET NULL (contact_id);

CREATE TABLE products (
  organization_id  uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  name             text COLLATE "und-x-icu" NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
  description      text CHECK (char_length(description) <= 50000),
  sku              text CHECK (char_length(sku) BETWEEN 1 AND 100),
  price            numeric(16,3) CHECK (price >= 0),
  price_key        bigint GENERATED ALWAYS AS ((price * 1000)::bigint) STORED,
  currency         currency_code,
  category         text COLLATE "und-x-icu" CHECK (char_length(category) <= 100),
  is_active        boolean NOT NULL DEFAULT true,
  tags             text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 50),
  custom_fields    jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(custom_fields) = 'object'),
  created_at       timestamptz NOT NULL DEFAULT now(),
  updated_at       timestamptz NOT NULL DEFAULT now(),
  deleted_at       timestamptz,
  created_by       uuid,
  updated_by       uuid,
  version          bigint NOT NULL DEFAULT 1,
  search_text      text GENERATED ALWAYS AS (fold_text(name || ' ' || coalesce(sku, '') || ' ' || coalesce(category, ''))) STORED,
  search_vector    tsvector GENERATED ALWAYS AS (to_tsvector('simple', fold_text(name || ' ' || coalesce(sku, '') || ' ' || coalesce(category, '') || ' ' || left(coalesce(description, ''), 10000)))) STORED,
  PRIMARY KEY (organization_id, id)
);
CREATE UNIQUE INDEX products_sku_unique ON products (organization_id, sku) WHERE deleted_at IS NULL;
CALL index_fields('products', ARRAY['name', 'price_key', 'category', 'is_active', 'created_at', 'updated_at'], 'deleted_at IS NULL');
CREATE INDEX products_deleted ON products (organization_id, deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX products_search_text ON products USING gin (organization_id, search_text gin_trgm_ops);
CREATE INDEX products_search_vector ON products USING gin (organization_id, search_vector);

-- How many products may be active at once (002); 3 unless the organization says otherwise.
CREATE FUNCTION max_active_products(wanted_organization uuid) RETURNS integer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN coalesce((SELECT (settings ->> 'max_active_products')::integer FROM organizations WHERE id = wanted_organization), 3);
END
$$;
ALTER FUNCTION max_active_products(uuid) OWNER TO kith_definer;

-- Holds under concurrency: whoever activates products of an organization waits for whoever is doing
-- so already, by a lock of the transaction on the organization's row, and then counts what is committed.
CREATE FUNCTION limit_active_products() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  organization uuid;
  allowed integer;
BEGIN
  FOR organization IN SELECT DISTINCT n.organization_id FROM new_rows n WHERE n.is_active AND n.deleted_at IS NULL LOOP
    PERFORM 1 FROM organizations WHERE id = organization FOR NO KEY UPDATE;
    allowed := max_active_products(organization);
    IF (SELECT count(*) FROM products WHERE organization_id = organization AND is_active AND deleted_at IS NULL) > allowed THEN
      RAISE EXCEPTION 'At most % products can be active at once. Deactivate one first, or raise the limit in the organization''s settings.', allowed
        USING ERRCODE = 'KT409', COLUMN = 'is_active';
    END IF;
  END LOOP;
  RETURN NULL;
END
$$;
ALTER FUNCTION limit_active_products() OWNER TO kith_definer;
CREATE TRIGGER products_limit_insert AFTER INSERT ON products REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION limit_active_products();
CREATE TRIGGER products_limit_update AFTER UPDATE ON products REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION limit_active_products();

CREATE TABLE pipelines (
  organization_id  uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  name             text COLLATE "und-x-icu" NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
  entity           text NOT NULL DEFAULT 'deal' CHECK (entity IN ('deal', 'lead')),
  is_default       boolean NOT NULL DEFAULT false,
  position         integer NOT NULL DEFAULT 0,
  created_at       timestamptz NOT NULL DEFAULT now(),
  updated_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid,
  updated_by       uuid,
  version          bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT pipelines_name_unique UNIQUE (organization_id, entity, name)
);
CREATE UNIQUE INDEX pipelines_default_unique ON pipelines (organization_id, entity) WHERE is_default;
CALL index_fields('pipelines', ARRAY['name', 'position', 'created_at', 'updated_at'], NULL);

CREATE TABLE stages (
  organization_id  uuid NOT NULL,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  pipeline_id      uuid NOT NULL,
  key              text NOT NULL CHECK (key ~ '^[a-z][a-z0-9_]{0,49}$'),
  name             text COLLATE "und-x-icu" NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
  position         integer NOT NULL DEFAULT 0,
  probability      integer NOT NULL DEFAULT 0 CHECK (probability BETWEEN 0 AND 100),
  color            text CHECK (char_length(color) <= 20),
  kind             text NOT NULL DEFAULT 'open' CHECK (kind IN ('open', 'won', 'lost')),
  -- What a lead in this stage is; for stages of lead pipelines alone.
  lead_status      text CHECK (lead_status IN ('new', 'contacted', 'qualified', 'proposal', 'converted', 'lost')),
  is_active        boolean NOT NULL DEFAULT true,
  created_at       timestamptz NOT NULL DEFAULT now(),
  updated_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid,
  updated_by       uuid,
  version          bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT stages_key_unique UNIQUE (organization_id, pipeline_id, key),
  CONSTRAINT stages_in_pipeline UNIQUE (organization_id, pipeline_id, id),
  CONSTRAINT stages_pipeline FOREIGN KEY (organization_id, pipeline_id) REFERENCES pipelines (organization_id, id)
);
CALL index_fields('stages', ARRAY['name', 'position', 'created_at', 'updated_at'], NULL);

-- A stage of a lead pipeline says what its leads are: what was won is converted, what was lost lost.
CREATE FUNCTION set_lead_status() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF (SELECT entity FROM pipelines WHERE organization_id = NEW.organization_id AND id = NEW.pipeline_id) IS DISTINCT FROM 'lead' THEN
    NEW.lead_status := NULL;
  ELSIF NEW.kind = 'open' THEN
    NEW.lead_status := coalesce(NEW.lead_status, 'qualified');
    IF NEW.lead_status IN ('converted', 'lost') THEN
      RAISE EXCEPTION 'An open stage holds leads that are new, contacted, qualified or proposal.' USING ERRCODE = 'KT422', COLUMN = 'lead_status';
    END IF;
  ELSE
    NEW.lead_status := CASE NEW.kind WHEN 'won' THEN 'converted' ELSE 'lost' END;
  END IF;
  RETURN NEW;
END
$$;
ALTER FUNCTION set_lead_status() OWNER TO kith_definer;
CREATE TRIGGER stages_lead_status BEFORE INSERT OR UPDATE ON stages FOR EACH ROW EXECUTE FUNCTION set_lead_status();

CREATE TABLE deals (
  organization_id      uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id                   uuid NOT NULL DEFAULT uuid_v7(),
  name                 text COLLATE "und-x-icu" NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
  company_id           uuid,
  primary_contact_id   uuid,
  pipeline_id          uuid NOT NULL,
  stage_id             uuid NOT NULL,
  -- The kind of the stage, kept by trigger: lists of open, won and lost deals need no join.
  status               text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'won', 'lost')),
  amount               numeric(16,3) CHECK (amount >= 0),
  amount_key           bigint GENERATED ALWAYS AS ((amount * 1000)::bigint) STORED,
  currency             currency_code NOT NULL DEFAULT 'USD',
  probability          integer CHECK (probability BETWEEN 0 AND 100),
  expected_close_date  date,
  actual_close_date    date,
  stage_entered_at     timestamptz NOT NULL DEFAULT now(),
  source               text CHECK (source IN ('website', 'referral', 'brief_wizard', 'cold_outreach', 'cold_call', 'inbound', 'partner', 'event',
                         'google_ads', 'facebook_ads', 'organic', 'import', 'api', 'other')),
  source_detail        text CHECK (char_length(source_detail) <= 255),
  lost_reason          text CHECK (char_length(lost_reason) <= 1000),
  description          text CHECK (char_length(description) <= 50000),
  owner_id             uuid,
  ai_score             integer CHECK (ai_score BETWEEN 0 AND 100),
  ai_insights          jsonb,
  -- Where the card lies in its column: an order-preserving text between its neighbours'.
  board_position       text COLLATE "C" NOT NULL CHECK (board_position ~ '^[0-9a-f]*[1-9a-f]$' AND char_length(board_position) <= 1000),
  tags                 text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 50),
  custom_fields        jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(custom_fields) = 'object'),
  created_at           timestamptz NOT NULL DEFAULT now(),
  updated_at           timestamptz NOT NULL DEFAULT now(),
  deleted_at           timestamptz,
  created_by           uuid,
  updated_by           uuid,
  version              bigint NOT NULL DEFAULT 1,
  search_text          text GENERATED ALWAYS AS (fold_text(name)) STORED,
  search_vector        tsvector GENERATED ALWAYS AS (to_tsvector('simple', fold_text(name || ' ' || left(coalesce(description, ''), 10000)))) STORED,
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, company_id) REFERENCES companies (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, primary_contact_id) REFERENCES contacts (organization_id, id) ON DELETE SET NULL (primary_contact_id),
  -- A stage in use cannot be removed, only retired or merged.
  CONSTRAINT deals_stage FOREIGN KEY (organization_id, pipeline_id, stage_id) REFERENCES stages (organization_id, pipeline_id, id),
  FOREIGN KEY (organization_id, owner_id) REFERENCES memberships (organization_id, user_id) ON DELETE SET NULL (owner_id)
);
CALL index_fields('deals', ARRAY['name', 'company_id', 'primary_contact_id', 'pipeline_id', 'status', 'amount_key', 'currency', 'probability', 'expected_close_date',
  'actual_close_date', 'stage_entered_at', 'source', 'owner_id', 'ai_score', 'created_at', 'updated_at'], 'deleted_at IS NULL');
CREATE INDEX deals_stage_id ON deals (organization_id, stage_id, board_position, id) WHERE deleted_at IS NULL;
-- The board's totals are added up from this index alone, in its order.
CREATE INDEX deals_board ON deals (organization_id, stage_id, currency) INCLUDE (amount_key, probability, owner_id, company_id) WHERE deleted_at IS NULL;
CREATE INDEX deals_board_position ON deals (organization_id, board_position, id) WHERE deleted_at IS NULL;
CREATE INDEX deals_deleted ON deals (organization_id, deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX deals_search_text ON deals USING gin (organization_id, search_text gin_trgm_ops);
CREATE INDEX deals_search_vector ON deals USING gin (organization_id, search_vector);

-- What follows from the stage (004): status, close date, probability; and what a lost deal must say.
CREATE FUNCTION update_deal_close_date() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  stage stages;
  moved boolean := TG_OP = 'INSERT';
BEGIN
  IF TG_OP = 'UPDATE' THEN
    moved := NEW.stage_id <> OLD.stage_id;
  END IF;
  IF moved THEN
    SELECT * INTO stage FROM stages WHERE organization_id = NEW.organization_id AND id = NEW.stage_id;
    IF NOT FOUND THEN
      -- The foreign key says it better.
      RETURN NEW;
    END IF;
    IF stage.lead_status IS NOT NULL THEN
      RAISE EXCEPTION 'This stage belongs to a pipeline for leads.' USING ERRCODE = 'KT422', COLUMN = 'stage_id';
    END IF;
    NEW.status := stage.kind;
    IF TG_OP = 'UPDATE' THEN
      NEW.stage_entered_at := now();
      -- A probability given together with the stage stands; an older one was the old stage's.
      IF NEW.probability IS NOT DISTINCT FROM OLD.probability THEN
        NEW.probability := stage.probability;
      END IF;
      IF stage.kind = 'open' THEN
        NEW.actual_close_date := NULL;
        NEW.lost_reason := NULL;
      ELSIF NEW.actual_close_date IS NOT DISTINCT FROM OLD.actual_close_date THEN
        NEW.actual_close_date := (now() AT TIME ZONE (SELECT timezone FROM organizations WHERE id = NEW.organization_id))::date;
      END IF;
      IF stage.kind = 'won' THEN
        NEW.lost_reason := NULL;
      END IF;
    ELSE
      NEW.probability := coalesce(NEW.probability, stage.probability);
      IF stage.kind = 'open' THEN
        NEW.actual_close_date := NULL;
      ELSE
        NEW.actual_close_date := coalesce(NEW.actual_close_date,
          (now() AT TIME ZONE (SELECT timezone FROM organizations WHERE id = NEW.organization_id))::date);
      END IF;
    END IF;
  END IF;
  IF NEW.status = 'lost' AND coalesce(btrim(NEW.lost_reason), '') = '' THEN
    RAISE EXCEPTION 'Say why the deal was lost.' USING ERRCODE = 'KT422', COLUMN = 'lost_reason';
  END IF;
  IF NEW.status = 'open' AND NEW.actual_close_date IS NOT NULL THEN
    RAISE EXCEPTION 'An open deal has no actual close date. Move it to a won or lost stage, or use the expected close date.'
      USING ERRCODE = 'KT422', COLUMN = 'actual_close_date';
  END IF;
  RETURN NEW;
END
$$;
ALTER FUNCTION update_deal_close_date() OWNER TO kith_definer;
CREATE TRIGGER set_deal_close_date BEFORE INSERT OR UPDATE ON deals
  FOR EACH ROW EXECUTE FUNCTION update_deal_close_date();

CREATE TABLE deal_items (
  organization_id   uuid NOT NULL,
  id                uuid NOT NULL DEFAULT uuid_v7(),
  deal_id           uuid NOT NULL,
  product_id        uuid,
  description       text CHECK (char_length(description) <= 1000),
  quantity          numeric(14,4) NOT NULL DEFAULT 1 CHECK (quantity > 0),
  unit_price        numeric(16,3) NOT NULL CHECK (unit_price >= 0),
  discount_percent  numeric(7,4) NOT NULL DEFAULT 0 CHECK (discount_percent BETWEEN 0 AND 100),
  -- Rounded half away from zero, as PostgreSQL rounds numeric.
  amount            numeric(20,3) GENERATED ALWAYS AS (round(quantity * unit_price * (100 - discount_percent) / 100, 2)) STORED,
  position          integer NOT NULL DEFAULT 0,
  created_at        timestamptz NOT NULL DEFAULT now(),
  updated_at        timestamptz NOT NULL DEFAULT now(),
  created_by        uuid,
  updated_by        uuid,
  version           bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, deal_id) REFERENCES deals (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, product_id) REFERENCES products (organization_id, id) ON DELETE SET NULL (product_id)
);
CALL index_fields('deal_items', ARRAY['deal_id', 'product_id', 'position', 'created_at', 'updated_at'], NULL);

-- When a deal entered and left each stage.
CREATE TABLE deal_stage_history (
  organization_id  uuid NOT NULL,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  deal_id          uuid NOT NULL,
  stage_id         uuid,
  entered_at       timestamptz NOT NULL DEFAULT now(),
  left_at          timestamptz,
  user_id          uuid,
  created_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid,
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, deal_id) REFERENCES deals (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, stage_id) REFERENCES stages (organization_id, id) ON DELETE SET NULL (stage_id)
);
CALL index_fields('deal_stage_history', ARRAY['deal_id', 'stage_id', 'entered_at', 'created_at'], NULL);

CREATE FUNCTION record_stage_history() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    UPDATE deal_stage_history h SET left_at = now()
    FROM new_rows n JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id
    WHERE h.organization_id = n.organization_id AND h.deal_id = n.id AND h.left_at IS NULL AND n.stage_id <> o.stage_id;
    INSERT INTO deal_stage_history (organization_id, deal_id, stage_id, user_id, created_by)
    SELECT n.organization_id, n.id, n.stage_id, current_user_id(), current_user_id()
    FROM new_rows n JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id
    WHERE n.stage_id <> o.stage_id;
  ELSE
    INSERT INTO deal_stage_history (organization_id, deal_id, stage_id, user_id, created_by)
    SELECT n.organization_id, n.id, n.stage_id, current_user_id(), current_user_id() FROM new_rows n;
  END IF;
  RETURN NULL;
END
$$;
ALTER FUNCTION record_stage_history() OWNER TO kith_definer;
CREATE TRIGGER deals_stage_history_insert AFTER INSERT ON deals REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION record_stage_history();
CREATE TRIGGER deals_stage_history_update AFTER UPDATE ON deals REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION record_stage_history();

-- Permissions and the roles' defaults (MODEL §3).
CALL declare_resource('companies', ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk', 'assign']);
CALL declare_resource('company_members', ARRAY['create', 'read', 'update', 'delete', 'import', 'export']);
CALL declare_resource('contacts', ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk', 'assign']);
CALL declare_resource('products', ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk']);
CALL declare_resource('pipelines', ARRAY['create', 'read', 'update', 'delete']);
CALL declare_resource('deals', ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk', 'assign']);

-- Addresses and phone numbers are masked for roles without this.
CALL declare_resource('personal_data', ARRAY['read']);
DO $$
DECLARE key text;
BEGIN
  FOREACH key IN ARRAY ARRAY['manager', 'sales', 'support', 'finance', 'member', 'viewer'] LOOP
    CALL default_grant(key, ARRAY['personal_data'], ARRAY['read'], 'all');
  END LOOP;
END
$$;
CALL default_grant('manager', ARRAY['companies', 'contacts', 'deals'], ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk', 'assign'], 'all');
CALL default_grant('manager', ARRAY['company_members'], ARRAY['create', 'read', 'update', 'delete', 'import', 'export'], 'all');
CALL default_grant('manager', ARRAY['products'], ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk'], 'all');
CALL default_grant('manager', ARRAY['pipelines'], ARRAY['read'], 'all');
CALL default_grant('sales', ARRAY['companies', 'contacts', 'deals'], ARRAY['create'], 'all');
CALL default_grant('sales', ARRAY['companies', 'contacts', 'deals'], ARRAY['read'], 'assigned_or_unowned');
CALL default_grant('sales', ARRAY['companies', 'contacts', 'deals'], ARRAY['update', 'delete', 'bulk', 'import', 'export'], 'assigned');
CALL default_grant('sales', ARRAY['company_members', 'products', 'pipelines'], ARRAY['read'], 'all');
CALL default_grant('support', ARRAY['companies', 'contacts', 'products', 'company_members'], ARRAY['read'], 'all');
CALL default_grant('finance', ARRAY['companies', 'deals', 'products', 'pipelines'], ARRAY['read'], 'all');
CALL default_grant('member', ARRAY['companies', 'contacts', 'deals'], ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk'], 'assigned');
CALL default_grant('member', ARRAY['company_members', 'products', 'pipelines'], ARRAY['read'], 'all');
CALL default_grant('viewer', ARRAY['companies'], ARRAY['read'], 'active');
CALL default_grant('viewer', ARRAY['contacts', 'deals', 'products', 'pipelines', 'company_members'], ARRAY['read'], 'all');
CALL default_grant('client_admin', ARRAY['companies'], ARRAY['read', 'update'], 'assigned');
CALL default_grant('client_admin', ARRAY['company_members'], ARRAY['read', 'create', 'update', 'delete'], 'assigned');
CALL default_grant('client_member', ARRAY['companies', 'company_members'], ARRAY['read'], 'assigned');
CALL default_grant('client_viewer', ARRAY['companies', 'company_members'], ARRAY['read'], 'assigned');

CALL protect_owned('companies', 'companies', ARRAY['owner_id'], 'id');
CALL protect_through('company_members', 'company_members', 'companies', 'company_id', 'companies', 'owner_id', 'id');
CALL protect_owned('contacts', 'contacts', ARRAY['owner_id'], 'company_id');
CALL protect_shared('products', 'products');
CALL protect_shared('pipelines', 'pipelines');
CALL protect_shared('stages', 'pipelines');
CALL protect_owned('deals', 'deals', ARRAY['owner_id'], 'company_id');
CALL protect_through('deal_items', 'deals', 'deals', 'deal_id', 'deals', 'owner_id', 'company_id');
CALL protect_through('deal_stage_history', 'deals', 'deals', 'deal_id', 'deals', 'owner_id', 'company_id');
-- Kept by triggers alone.
REVOKE INSERT, UPDATE, DELETE ON deal_stage_history FROM kith_app;
-- Products are hidden, not removed; removing for good is the retention job's.
REVOKE DELETE ON products FROM kith_app;

CALL install_entity('company', 'companies', 'name', 'companies');
CALL install_entity('company_member', 'company_members', 'user_id', 'company_members');
CALL install_entity('contact', 'contacts', 'full_name', 'contacts');
CALL install_entity('product', 'products', 'name', 'products');
CALL install_entity('pipeline', 'pipelines', 'name', 'pipelines');
CALL install_entity('stage', 'stages', 'name', 'pipelines');
CALL install_entity('deal', 'deals', 'name', 'deals');
CALL install_entity('deal_item', 'deal_items', 'description', 'deals');

CREATE TRIGGER companies_guard BEFORE INSERT OR UPDATE ON companies FOR EACH ROW EXECUTE FUNCTION guard_record('companies', 'owner_id', 'id');
CREATE TRIGGER contacts_guard BEFORE INSERT OR UPDATE ON contacts FOR EACH ROW EXECUTE FUNCTION guard_record('contacts', 'owner_id', 'company_id');
CREATE TRIGGER deals_guard BEFORE INSERT OR UPDATE ON deals FOR EACH ROW EXECUTE FUNCTION guard_record('deals', 'owner_id', 'company_id');
CREATE TRIGGER products_guard BEFORE INSERT OR UPDATE ON products FOR EACH ROW EXECUTE FUNCTION guard_record('products', '', '');

-- May a user read a company (000)? Answers for the acting user's organization.
CREATE FUNCTION can_access_client(wanted_user uuid, company uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
  acting text := current_setting('kith.user', true);
  answer boolean;
BEGIN
  -- Asked as that user, of the table's own policies; whoever asks about others must be an admin.
  IF wanted_user IS DISTINCT FROM current_user_id() AND NOT is_admin(current_user_id()) THEN
    RETURN false;
  END IF;
  PERFORM set_config('kith.user', coalesce(wanted_user::text, ''), true);
  SELECT EXISTS (SELECT 1 FROM companies WHERE organization_id = current_organization_id() AND id = company) INTO answer;
  PERFORM set_config('kith.user', coalesce(acting, ''), true);
  RETURN answer;
END
$$;

-- The slugs among these that a living company already has, whoever may see it.
CREATE FUNCTION taken_slugs(wanted text[]) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
-- A plan made while the table was small scans it when it is large.
SET plan_cache_mode = force_custom_plan AS $$
BEGIN
  RETURN QUERY SELECT slug FROM companies
    WHERE organization_id = current_organization_id() AND slug = ANY (wanted) AND deleted_at IS NULL;
END
$$;
ALTER FUNCTION taken_slugs(text[]) OWNER TO kith_definer;

-- What a new organization starts with.
CREATE FUNCTION seed_organization(new_organization uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  pipeline uuid;
BEGIN
  INSERT INTO roles (organization_id, key, name, description, is_system) VALUES
    (new_organization, 'owner', 'Owner', 'Everything, billing and deletion of the organization included', true),
    (new_organization, 'admin', 'Admin', 'Everything but removing the owner', true),
    (new_organization, 'manager', 'Manager', 'All records of sales, delivery and support; reassigns owners', true),
    (new_organization, 'sales', 'Sales', 'Reads what is theirs or unowned, changes what is theirs', true),
    (new_organization, 'support', 'Support', 'Tickets; reads companies and contacts', true),
    (new_organization, 'finance', 'Finance', 'Invoices and payments; reads companies and deals', true),
    (new_organization, 'member', 'Member', 'Creates and manages the records assigned to them', true),
    (new_organization, 'viewer', 'Viewer', 'Reads only', true),
    (new_organization, 'client_admin', 'Client admin', 'A person of the client''s own side who manages its members', true),
    (new_organization, 'client_member', 'Client member', 'A person of the client''s own side', true),
    (new_organization, 'client_viewer', 'Client viewer', 'A person of the client''s own side who only reads', true);
  PERFORM apply_role_defaults(new_organization, NULL);
  INSERT INTO industries (organization_id, name)
  SELECT new_organization, name FROM unnest(ARRAY['Technology', 'Healthcare', 'Finance', 'E-commerce', 'Education',
    'Manufacturing', 'Real Estate', 'Consulting', 'Marketing', 'Other']) name;
  INSERT INTO pipelines (organization_id, name, entity, is_default) VALUES (new_organization, 'Sales', 'deal', true)
  RETURNING id INTO pipeline;
  INSERT INTO stages (organization_id, pipeline_id, key, name, position, probability, color, kind) VALUES
    (new_organization, pipeline, 'lead', 'Lead', 1, 10, '#6366f1', 'open'),
    (new_organization, pipeline, 'qualified', 'Qualified', 2, 25, '#8b5cf6', 'open'),
    (new_organization, pipeline, 'proposal', 'Proposal', 3, 50, '#ec4899', 'open'),
    (new_organization, pipeline, 'negotiation', 'Negotiation', 4, 75, '#f59e0b', 'open'),
    (new_organization, pipeline, 'won', 'Won', 5, 100, '#10b981', 'won'),
    (new_organization, pipeline, 'lost', 'Lost', 6, 0, '#ef4444', 'lost');
  INSERT INTO pipelines (organization_id, name, entity, is_default) VALUES (new_organization, 'Leads', 'lead', true)
  RETURNING id INTO pipeline;
  INSERT INTO stages (organization_id, pipeline_id, key, name, position, probability, color, kind, lead_status) VALUES
    (new_organization, pipeline, 'new', 'New', 1, 5, '#3b82f6', 'open', 'new'),
    (new_organization, pipeline, 'contacted', 'Contacted', 2, 15, '#6366f1', 'open', 'contacted'),
    (new_organization, pipeline, 'qualified', 'Qualified', 3, 30, '#8b5cf6', 'open', 'qualified'),
    (new_organization, pipeline, 'proposal', 'Proposal', 4, 50, '#ec4899', 'open', 'proposal'),
    (new_organization, pipeline, 'negotiation', 'Negotiation', 5, 75, '#f59e0b', 'open', 'proposal'),
    (new_organization, pipeline, 'converted', 'Converted', 6, 100, '#10b981', 'won', 'converted'),
    (new_organization, pipeline, 'lost', 'Lost', 7, 0, '#ef4444', 'lost', 'lost');
END
$$;
ALTER FUNCTION seed_organization(uuid) OWNER TO kith_definer;
REVOKE ALL ON FUNCTION seed_organization(uuid) FROM PUBLIC;
