-- Invoices and credit notes, their lines, payments, refunds and exchange rates (MODEL §4).

-- Figures that follow from lines and payments are written down, and are no news to people.
CALL amend_function('quiet_columns()', '''budget_warning''', '''budget_warning'', ''subtotal'', ''discount_amount'', ''tax_amount'', ''tax_breakdown'', ''amount_paid'',
    ''amount_credited'', ''amount_refunded'', ''lifetime_value''');

-- Exact arithmetic. Every amount is rounded half away from zero, as PostgreSQL rounds numeric, to the
-- smallest unit of its currency. Percentages are multiplied by 0.01 and never divided by 100: a quotient
-- is cut at some digit, a product is not. Names are qualified because generated columns are computed
-- when a backup is restored, under an empty search path.

-- Decimal places of a currency (ISO 4217); null for precious metals, test codes and units of account
-- with four places, in which nothing is invoiced.
CREATE FUNCTION currency_minor_units(code text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN code IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF') THEN 0
    WHEN code IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 3
    WHEN code IN ('CLF', 'UYW', 'XAG', 'XAU', 'XBA', 'XBB', 'XBC', 'XBD', 'XDR', 'XPD', 'XPT', 'XSU', 'XTS', 'XUA', 'XXX') THEN NULL
    ELSE 2
  END
$$;

-- a / b for a ≥ 0 and b > 0, rounded half up from the exact quotient.
CREATE FUNCTION divide_rounded(a numeric, b numeric, places integer) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT round(div(a * 2 * power(10::numeric, places) + b, 2 * b) * power(0.1, places), places)
$$;

-- What a line comes to, without tax and before the invoice's own discount.
CREATE FUNCTION invoice_line_amount(quantity numeric, unit_price numeric, discount_percent numeric, currency text) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT round(quantity * unit_price * (100 - discount_percent) * 0.01, public.currency_minor_units(currency))
$$;

-- The totals of an invoice from its lines' amounts and tax rates, in their order. The invoice's discount is
-- a percentage of the subtotal, then a fixed amount, and no more than the subtotal. Each line bears its share of
-- it, by running totals, so that the shares add up; its tax is a percentage of what remains, rounded line by line.
-- plpgsql, whose plans are kept.
CREATE FUNCTION invoice_totals(currency text, discount_percent numeric, fixed_discount numeric, amounts numeric[], rates numeric[],
  OUT subtotal numeric, OUT discount_amount numeric, OUT tax_amount numeric, OUT total_amount numeric, OUT tax_breakdown jsonb, OUT lines jsonb)
LANGUAGE plpgsql IMMUTABLE AS $$
#variable_conflict use_column
DECLARE
  places constant integer := public.currency_minor_units(currency);
BEGIN
  subtotal := coalesce((SELECT sum(a) FROM unnest(amounts) a), 0);
  discount_amount := least(subtotal, round(subtotal * discount_percent * 0.01, places) + round(fixed_discount, places));
  WITH line AS (
    SELECT l.ordinal, l.amount, l.rate, sum(l.amount) OVER (ORDER BY l.ordinal) AS running
    FROM unnest(amounts, rates) WITH ORDINALITY AS l (amount, rate, ordinal)
  ), shared AS (
    SELECT l.ordinal, l.amount, l.rate, CASE WHEN invoice_totals.discount_amount = 0 THEN 0 ELSE
      public.divide_rounded(invoice_totals.discount_amount * l.running, invoice_totals.subtotal, places)
      - public.divide_rounded(invoice_totals.discount_amount * (l.running - l.amount), invoice_totals.subtotal, places) END AS share
    FROM line l
  ), taxed AS (
    SELECT s.*, round((s.amount - s.share) * s.rate * 0.01, places) AS tax FROM shared s
  ), by_rate AS (
    SELECT t.rate, sum(t.amount - t.share) AS taxable, sum(t.tax) AS tax FROM taxed t GROUP BY t.rate
  )
  SELECT coalesce((SELECT sum(r.tax) FROM by_rate r), 0),
    coalesce((SELECT jsonb_agg(jsonb_build_object('rate', trim_scale(r.rate)::text, 'taxable', round(r.taxable, places)::text, 'tax', r.tax::text) ORDER BY r.rate) FROM by_rate r), '[]'),
    coalesce((SELECT jsonb_agg(jsonb_build_object('amount', round(t.amount, places)::text, 'discount', round(t.share, places)::text, 'tax', t.tax::text) ORDER BY t.ordinal) FROM taxed t), '[]')
  INTO tax_amount, tax_breakdown, lines;
  total_amount := subtotal - discount_amount + tax_amount;
END
$$;

-- Rates. One unit of `currency` is worth `rate` units of the organization's base currency.
CREATE TABLE exchange_rates (
  organization_id  uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  currency         currency_code NOT NULL,
  rate_date        date NOT NULL,
  rate             numeric(20,10) NOT NULL CHECK (rate > 0),
  -- What the base currency was when the rate was entered, kept by trigger.
  base_currency    currency_code NOT NULL,
  source           text CHECK (char_length(source) <= 255),
  created_at       timestamptz NOT NULL DEFAULT now(),
  updated_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid,
  updated_by       uuid,
  version          bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT exchange_rates_rate_date_unique UNIQUE (organization_id, base_currency, currency, rate_date)
);
CALL index_fields('exchange_rates', ARRAY['currency', 'rate_date', 'created_at', 'updated_at'], NULL);

CREATE FUNCTION place_exchange_rate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  NEW.base_currency := CASE TG_OP WHEN 'UPDATE' THEN OLD.base_currency ELSE (SELECT base_currency FROM organizations WHERE id = NEW.organization_id) END;
  IF NEW.currency = NEW.base_currency THEN
    RAISE EXCEPTION '% is the base currency itself. Enter rates of other currencies.', NEW.currency USING ERRCODE = 'KT422', COLUMN = 'currency';
  END IF;
  RETURN NEW;
END
$$;
ALTER FUNCTION place_exchange_rate() OWNER TO kith_definer;
CREATE TRIGGER exchange_rates_place BEFORE INSERT OR UPDATE ON exchange_rates FOR EACH ROW EXECUTE FUNCTION place_exchange_rate();

-- The rate of a currency on a day: the latest that is not after it. Null where none is known.
CREATE FUNCTION known_exchange_rate(organization uuid, wanted_currency text, base text, day date) RETURNS numeric
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF wanted_currency = base THEN
    RETURN 1;
  END IF;
  RETURN (SELECT r.rate FROM exchange_rates r
    WHERE r.organization_id = organization AND r.base_currency = base AND r.currency = wanted_currency AND r.rate_date <= day
    ORDER BY r.rate_date DESC LIMIT 1);
END
$$;
ALTER FUNCTION known_exchange_rate(uuid, text, text, date) OWNER TO kith_definer;
REVOKE ALL ON FUNCTION known_exchange_rate(uuid, text, text, date) FROM PUBLIC;

-- The same, where it is needed.
CREATE FUNCTION needed_exchange_rate(organization uuid, wanted_currency text, base text, day date) RETURNS numeric
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  found_rate constant numeric := known_exchange_rate(organization, wanted_currency, base, day);
BEGIN
  IF found_rate IS NULL THEN
    RAISE EXCEPTION 'There is no exchange rate from % to % for % or a day before. Enter one under exchange rates.', wanted_currency, base, day
      USING ERRCODE = 'KT422', COLUMN = 'currency';
  END IF;
  RETURN found_rate;
END
$$;
ALTER FUNCTION needed_exchange_rate(uuid, text, text, date) OWNER TO kith_definer;
REVOKE ALL ON FUNCTION needed_exchange_rate(uuid, text, text, date) FROM PUBLIC;

-- Today, where the organization is.
CREATE FUNCTION organization_today(organization uuid, moment timestamptz DEFAULT now()) RETURNS date
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN (moment AT TIME ZONE (SELECT timezone FROM organizations WHERE id = organization))::date;
END
$$;
ALTER FUNCTION organization_today(uuid, timestamptz) OWNER TO kith_definer;

-- Days until an invoice with these terms is due.
CREATE FUNCTION payment_term_days(terms text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE terms WHEN 'due_on_receipt' THEN 0 WHEN 'net_15' THEN 15 WHEN 'net_60' THEN 60 WHEN 'net_90' THEN 90 ELSE 30 END
$$;

-- Invoices, and the credit notes that correct them: the same lines, totals, numbers at sending and finality.
-- The amounts of a credit note are positive; its original owes that much less.
CREATE TABLE invoices (
  organization_id      uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id                   uuid NOT NULL DEFAULT uuid_v7(),
  kind                 text NOT NULL DEFAULT 'invoice' CHECK (kind IN ('invoice', 'credit_note')),
  -- Without gaps for each organization and year; given at sending.
  number               text CHECK (char_length(number) BETWEEN 1 AND 50),
  title                text COLLATE "und-x-icu" GENERATED ALWAYS AS (coalesce(number, CASE kind WHEN 'invoice' THEN 'Draft invoice' ELSE 'Draft credit note' END)) STORED,
  company_id           uuid NOT NULL,
  project_id           uuid,
  deal_id              uuid,
  -- The invoice that a credit note corrects.
  corrects_id          uuid,
  owner_id             uuid,
  status               text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'sent', 'partially_paid', 'paid', 'overdue', 'cancelled')),
  issue_date           date,
  due_date             date,
  payment_terms        text CHECK (payment_terms IN ('due_on_receipt', 'net_15', 'net_30', 'net_60', 'net_90')),
  currency             currency_code NOT NULL DEFAULT 'USD',
  discount_percent     numeric(7,4) NOT NULL DEFAULT 0 CHECK (discount_percent BETWEEN 0 AND 100),
  fixed_discount       numeric(16,3) NOT NULL DEFAULT 0 CHECK (fixed_discount >= 0),
  -- Kept from the lines by trigger, whoever writes.
  subtotal             numeric(16,3) NOT NULL DEFAULT 0 CHECK (subtotal >= 0),
  discount_amount      numeric(16,3) NOT NULL DEFAULT 0 CHECK (discount_amount BETWEEN 0 AND subtotal),
  tax_amount           numeric(16,3) NOT NULL DEFAULT 0 CHECK (tax_amount >= 0),
  total_amount         numeric(16,3) GENERATED ALWAYS AS (subtotal - discount_amount + tax_amount) STORED,
  total_amount_key     bigint GENERATED ALWAYS AS (((subtotal - discount_amount + tax_amount) * 1000)::bigint) STORED,
  tax_breakdown        jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(tax_breakdown) = 'array'),
  -- Kept from payments, refunds and credit notes by trigger.
  amount_paid          numeric(16,3) NOT NULL DEFAULT 0 CHECK (amount_paid >= 0),
  amount_credited      numeric(16,3) NOT NULL DEFAULT 0 CHECK (amount_credited >= 0),
  -- Below zero it is owed to the customer: credited after it was paid, and not refunded yet.
  balance              numeric(16,3) GENERATED ALWAYS AS (CASE kind WHEN 'invoice' THEN subtotal - discount_amount + tax_amount - amount_credited - amount_paid ELSE 0 END) STORED,
  balance_key          bigint GENERATED ALWAYS AS (CASE kind WHEN 'invoice' THEN ((subtotal - discount_amount + tax_amount - amount_credited - amount_paid) * 1000)::bigint ELSE 0 END) STORED,
  -- The rate of the day of issue into the base currency of that day.
  exchange_rate        numeric(20,10) CHECK (exchange_rate > 0),
  base_currency        currency_code,
  payment_method       text CHECK (payment_method IN ('stripe', 'credit_card', 'bank_transfer', 'check', 'cash', 'other')),
  payment_reference    text CHECK (char_length(payment_reference) <= 255),
  -- Who it is made out to, as it stood when it was sent.
  billing_name         text CHECK (char_length(billing_name) <= 255),
  billing_address      jsonb CHECK (jsonb_typeof(billing_address) = 'object'),
  billing_tax_id       text CHECK (char_length(billing_tax_id) <= 100),
  buyer_reference      text CHECK (char_length(buyer_reference) <= 255),
  purchase_order       text CHECK (char_length(purchase_order) <= 255),
  description          text CHECK (char_length(description) <= 1000),
  notes                text CHECK (char_length(notes) <= 50000),
  sent_at              timestamptz,
  paid_date            date,
  cancelled_at         timestamptz,
  pdf_url              text CHECK (char_length(pdf_url) <= 500),
  -- Whom the client's own side sees it through: nobody while it is a draft.
  sent_company_key     uuid GENERATED ALWAYS AS (CASE WHEN status <> 'draft' THEN company_id END) STORED,
  tags                 text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 50),
  custom_fields        jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(custom_fields) = 'object'),
  created_at           timestamptz NOT NULL DEFAULT now(),
  updated_at           timestamptz NOT NULL DEFAULT now(),
  deleted_at           timestamptz,
  created_by           uuid,
  updated_by           uuid,
  version              bigint NOT NULL DEFAULT 1,
  search_text          text GENERATED ALWAYS AS (fold_text(coalesce(number, '') || ' ' || coalesce(billing_name, '') || ' ' || coalesce(purchase_order, '') || ' ' || coalesce(description, ''))) STORED,
  search_vector        tsvector GENERATED ALWAYS AS (to_tsvector('simple', fold_text(coalesce(number, '') || ' ' || coalesce(billing_name, '') || ' ' || coalesce(purchase_order, '') || ' ' || coalesce(description, '')))) STORED,
  PRIMARY KEY (organization_id, id),
  -- The lines are in the currency of their invoice.
  CONSTRAINT invoices_in_currency UNIQUE (organization_id, id, currency),
  CONSTRAINT invoices_sent_whole CHECK ((status = 'draft') = (number IS NULL)
    AND (status = 'draft' OR issue_date IS NOT NULL AND sent_at IS NOT NULL AND exchange_rate IS NOT NULL AND base_currency IS NOT NULL AND deleted_at IS NULL
      AND (kind = 'credit_note' OR due_date IS NOT NULL))),
  CONSTRAINT invoices_due_date_check CHECK (due_date >= issue_date),
  CONSTRAINT invoices_corrects_check CHECK ((kind = 'credit_note') = (corrects_id IS NOT NULL)),
  CONSTRAINT invoices_never_overpaid CHECK (amount_paid <= subtotal - discount_amount + tax_amount),
  CONSTRAINT invoices_never_overcredited CHECK (amount_credited <= subtotal - discount_amount + tax_amount),
  CONSTRAINT invoices_cancelled_check CHECK ((status = 'cancelled') = (cancelled_at IS NOT NULL)),
  CONSTRAINT invoices_paid_date_check CHECK ((status = 'paid') = (paid_date IS NOT NULL)),
  FOREIGN KEY (organization_id, company_id) REFERENCES companies (organization_id, id),
  FOREIGN KEY (organization_id, project_id) REFERENCES projects (organization_id, id) ON DELETE SET NULL (project_id),
  FOREIGN KEY (organization_id, deal_id) REFERENCES deals (organization_id, id) ON DELETE SET NULL (deal_id),
  FOREIGN KEY (organization_id, corrects_id) REFERENCES invoices (organization_id, id),
  FOREIGN KEY (organization_id, owner_id) REFERENCES memberships (organization_id, user_id) ON DELETE SET NULL (owner_id)
);
CREATE UNIQUE INDEX invoices_number_unique ON invoices (organization_id, number);
CALL index_fields('invoices', ARRAY['number', 'kind', 'company_id', 'project_id', 'deal_id', 'corrects_id', 'owner_id', 'status', 'issue_date', 'due_date', 'currency',
  'total_amount_key', 'balance_key', 'payment_method', 'paid_date', 'sent_at', 'sent_company_key', 'created_at', 'updated_at'], 'deleted_at IS NULL');
CREATE INDEX invoices_deleted ON invoices (organization_id, deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX invoices_search_text ON invoices USING gin (organization_id, search_text gin_trgm_ops);
CREATE INDEX invoices_search_vector ON invoices USING gin (organization_id, search_vector);
-- What becomes overdue.
CREATE INDEX invoices_open_due ON invoices (organization_id, due_date) WHERE status IN ('sent', 'partially_paid') AND kind = 'invoice';

CREATE TABLE invoice_items (
  organization_id   uuid NOT NULL,
  id                uuid NOT NULL DEFAULT uuid_v7(),
  invoice_id        uuid NOT NULL,
  product_id        uuid,
  description       text NOT NULL CHECK (char_length(description) BETWEEN 1 AND 1000),
  quantity          numeric(14,4) NOT NULL DEFAULT 1 CHECK (quantity > 0),
  unit              text CHECK (char_length(unit) <= 50),
  unit_price        numeric(16,3) NOT NULL CHECK (unit_price >= 0),
  discount_percent  numeric(7,4) NOT NULL DEFAULT 0 CHECK (discount_percent BETWEEN 0 AND 100),
  tax_rate          numeric(7,4) NOT NULL DEFAULT 0 CHECK (tax_rate BETWEEN 0 AND 100),
  currency          currency_code NOT NULL,
  amount            numeric(16,3) NOT NULL GENERATED ALWAYS AS (invoice_line_amount(quantity, unit_price, discount_percent, currency)) STORED,
  -- Made from time that was spent.
  is_time           boolean NOT NULL DEFAULT false,
  -- The line of the original that a line of a credit note takes back.
  corrects_item_id  uuid,
  position          integer NOT NULL DEFAULT 0,
  created_at        timestamptz NOT NULL DEFAULT now(),
  updated_at        timestamptz NOT NULL DEFAULT now(),
  created_by        uuid,
  updated_by        uuid,
  version           bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, invoice_id, currency) REFERENCES invoices (organization_id, id, currency) ON UPDATE CASCADE ON DELETE CASCADE,
  FOREIGN KEY (organization_id, product_id) REFERENCES products (organization_id, id) ON DELETE SET NULL (product_id),
  FOREIGN KEY (organization_id, corrects_item_id) REFERENCES invoice_items (organization_id, id) ON DELETE SET NULL (corrects_item_id)
);
CALL index_fields('invoice_items', ARRAY['invoice_id', 'product_id', 'position', 'created_at', 'updated_at'], NULL);
CREATE INDEX invoice_items_corrects ON invoice_items (organization_id, corrects_item_id) WHERE corrects_item_id IS NOT NULL;

-- Money received. Never changed; what is given back is a refund.
CREATE TABLE payments (
  organization_id  uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  invoice_id       uuid NOT NULL,
  company_id       uuid NOT NULL,
  title            text GENERATED ALWAYS AS (coalesce(reference, round(amount, coalesce(currency_minor_units(currency), 3))::text || ' ' || currency)) STORED,
  amount           numeric(16,3) NOT NULL CHECK (amount > 0),
  amount_key       bigint GENERATED ALWAYS AS ((amount * 1000)::bigint) STORED,
  currency         currency_code NOT NULL,
  method           text NOT NULL DEFAULT 'bank_transfer' CHECK (method IN ('stripe', 'credit_card', 'bank_transfer', 'check', 'cash', 'other')),
  payment_date     date NOT NULL,
  -- A check's number, the provider's id; a payment with the same one is the same payment.
  reference        text CHECK (char_length(reference) BETWEEN 1 AND 255),
  notes            text CHECK (char_length(notes) <= 50000),
  -- The rate of the day into the base currency of that day, and what it came to.
  exchange_rate    numeric(20,10) NOT NULL CHECK (exchange_rate > 0),
  base_currency    currency_code NOT NULL,
  base_amount      numeric(16,3) NOT NULL CHECK (base_amount >= 0),
  amount_refunded  numeric(16,3) NOT NULL DEFAULT 0 CHECK (amount_refunded BETWEEN 0 AND amount),
  created_at       timestamptz NOT NULL DEFAULT now(),
  updated_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid,
  updated_by       uuid,
  version          bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT payments_reference_unique UNIQUE (organization_id, invoice_id, reference),
  FOREIGN KEY (organization_id, invoice_id) REFERENCES invoices (organization_id, id),
  FOREIGN KEY (organization_id, company_id) REFERENCES companies (organization_id, id)
);
CALL index_fields('payments', ARRAY['invoice_id', 'company_id', 'amount_key', 'currency', 'method', 'payment_date', 'reference', 'created_at', 'updated_at'], NULL);

CREATE TABLE refunds (
  organization_id  uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  payment_id       uuid NOT NULL,
  invoice_id       uuid NOT NULL,
  title            text GENERATED ALWAYS AS (coalesce(reference, round(amount, coalesce(currency_minor_units(currency), 3))::text || ' ' || currency)) STORED,
  amount           numeric(16,3) NOT NULL CHECK (amount > 0),
  amount_key       bigint GENERATED ALWAYS AS ((amount * 1000)::bigint) STORED,
  currency         currency_code NOT NULL,
  refund_date      date NOT NULL,
  reason           text CHECK (char_length(reason) <= 1000),
  reference        text CHECK (char_length(reference) BETWEEN 1 AND 255),
  created_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT refunds_reference_unique UNIQUE (organization_id, payment_id, reference),
  FOREIGN KEY (organization_id, payment_id) REFERENCES payments (organization_id, id),
  FOREIGN KEY (organization_id, invoice_id) REFERENCES invoices (organization_id, id)
);
CALL index_fields('refunds', ARRAY['payment_id', 'invoice_id', 'amount_key', 'refund_date', 'reference', 'created_at'], NULL);

-- What the application may change: a draft, but not what is kept from its lines; of a sent one, whose it is
-- and how it is filed. Runs as whoever writes; the functions below, which keep the rest, are the definer's.
CREATE FUNCTION keep_invoice() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
  free constant text[] := ARRAY['owner_id', 'tags', 'custom_fields', 'updated_at', 'updated_by', 'version', 'title', 'total_amount', 'total_amount_key',
    'balance', 'balance_key', 'sent_company_key', 'search_text', 'search_vector'];
BEGIN
  IF current_user <> 'kith_app' THEN
    RETURN NEW;
  END IF;
  IF TG_OP = 'INSERT' THEN
    NEW.status := 'draft';
    NEW.number := NULL;
    NEW.subtotal := 0;
    NEW.discount_amount := 0;
    NEW.tax_amount := 0;
    NEW.tax_breakdown := '[]';
    NEW.amount_paid := 0;
    NEW.amount_credited := 0;
    NEW.exchange_rate := NULL;
    NEW.base_currency := NULL;
    NEW.sent_at := NULL;
    NEW.paid_date := NULL;
    NEW.cancelled_at := NULL;
    NEW.deleted_at := NULL;
    -- Whoever corrects an invoice may change it; asked of its own policies.
    IF NEW.corrects_id IS NOT NULL THEN
      PERFORM 1 FROM invoices i WHERE i.organization_id = NEW.organization_id AND i.id = NEW.corrects_id FOR NO KEY UPDATE;
      IF NOT FOUND THEN
        RAISE EXCEPTION 'You may not correct this invoice.' USING ERRCODE = 'KT403', COLUMN = 'corrects_id';
      END IF;
    END IF;
    RETURN NEW;
  END IF;
  IF OLD.status <> 'draft' THEN
    IF NEW.deleted_at IS DISTINCT FROM OLD.deleted_at THEN
      RAISE EXCEPTION 'A sent invoice is never deleted. Cancel it, or correct it with a credit note.' USING ERRCODE = 'KT409';
    ELSIF to_jsonb(NEW) - free IS DISTINCT FROM to_jsonb(OLD) - free THEN
      RAISE EXCEPTION 'A sent invoice is final. Correct it with a credit note.' USING ERRCODE = 'KT409', COLUMN = 'status';
    END IF;
    RETURN NEW;
  END IF;
  IF NEW.status NOT IN ('draft', 'sent') THEN
    RAISE EXCEPTION 'A draft becomes % only after it was sent.', NEW.status USING ERRCODE = 'KT409', COLUMN = 'status';
  ELSIF (NEW.kind, NEW.corrects_id) IS DISTINCT FROM (OLD.kind, OLD.corrects_id) THEN
    RAISE EXCEPTION 'An invoice stays one, and a credit note that of its invoice.' USING ERRCODE = 'KT409', COLUMN = 'kind';
  ELSIF NEW.corrects_id IS NOT NULL AND NEW.company_id <> OLD.company_id THEN
    RAISE EXCEPTION 'A credit note has the company and the currency of its invoice.' USING ERRCODE = 'KT422', COLUMN = 'company_id';
  END IF;
  NEW.number := NULL;
  NEW.subtotal := OLD.subtotal;
  NEW.discount_amount := OLD.discount_amount;
  NEW.tax_amount := OLD.tax_amount;
  NEW.tax_breakdown := OLD.tax_breakdown;
  NEW.amount_paid := 0;
  NEW.amount_credited := 0;
  NEW.exchange_rate := NULL;
  NEW.base_currency := NULL;
  NEW.sent_at := NULL;
  NEW.paid_date := NULL;
  NEW.cancelled_at := NULL;
  RETURN NEW;
END
$$;

-- The amounts and tax rates of an invoice's lines, in order, in a currency.
CREATE FUNCTION lines_of(organization uuid, invoice uuid, wanted_currency text, OUT amounts numeric[], OUT rates numeric[])
LANGUAGE plpgsql STABLE AS $$
BEGIN
  SELECT coalesce(array_agg(invoice_line_amount(x.quantity, x.unit_price, x.discount_percent, wanted_currency) ORDER BY x.position, x.id), '{}'),
    coalesce(array_agg(x.tax_rate ORDER BY x.position, x.id), '{}')
  INTO amounts, rates
  FROM invoice_items x WHERE x.organization_id = organization AND x.invoice_id = invoice;
END
$$;

-- Sums a draft up when what its totals depend on changes, and makes it final when it is sent: a number without
-- gaps, the day, when it is due, the day's rate, and whom it is made out to.
CREATE FUNCTION complete_invoice() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  sending constant boolean := TG_OP = 'UPDATE' AND NEW.status = 'sent' AND OLD.status = 'draft';
  original invoices;
  company companies;
  lines record;
  totals record;
BEGIN
  IF NEW.status <> 'draft' AND NOT sending THEN
    RETURN NEW;
  END IF;
  IF currency_minor_units(NEW.currency) IS NULL THEN
    RAISE EXCEPTION 'Nothing can be invoiced in %. Choose a currency with at most three decimal places.', NEW.currency USING ERRCODE = 'KT422', COLUMN = 'currency';
  END IF;
  -- Companies that are merged take both along, one after the other.
  IF NEW.kind = 'credit_note' AND (TG_OP = 'INSERT' OR sending OR NEW.currency <> OLD.currency) THEN
    SELECT * INTO original FROM invoices WHERE organization_id = NEW.organization_id AND id = NEW.corrects_id FOR NO KEY UPDATE;
    IF original.kind <> 'invoice' OR original.status = 'draft' THEN
      RAISE EXCEPTION 'Only a sent invoice is corrected by a credit note. Change the draft itself.' USING ERRCODE = 'KT409', COLUMN = 'corrects_id';
    ELSIF (NEW.company_id, NEW.currency) IS DISTINCT FROM (original.company_id, original.currency) THEN
      RAISE EXCEPTION 'A credit note has the company and the currency of its invoice.' USING ERRCODE = 'KT422',
        COLUMN = CASE WHEN NEW.currency <> original.currency THEN 'currency' ELSE 'company_id' END;
    END IF;
  END IF;
  IF TG_OP = 'INSERT' THEN
    RETURN NEW;
  END IF;
  IF sending OR (NEW.currency, NEW.discount_percent, NEW.fixed_discount) IS DISTINCT FROM (OLD.currency, OLD.discount_percent, OLD.fixed_discount) THEN
    SELECT * INTO lines FROM lines_of(NEW.organization_id, NEW.id, NEW.currency);
    SELECT * INTO totals FROM invoice_totals(NEW.currency, NEW.discount_percent, NEW.fixed_discount, lines.amounts, lines.rates);
    NEW.subtotal := totals.subtotal;
    NEW.discount_amount := totals.discount_amount;
    NEW.tax_amount := totals.tax_amount;
    NEW.tax_breakdown := totals.tax_breakdown;
  END IF;
  IF OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL AND EXISTS (
      SELECT 1 FROM invoice_items x WHERE x.organization_id = NEW.organization_id AND x.invoice_id = NEW.id AND x.is_time
        AND NOT EXISTS (SELECT 1 FROM time_entries t WHERE t.organization_id = x.organization_id AND t.invoice_item_id = x.id)) THEN
    RAISE EXCEPTION 'The time on this draft was invoiced elsewhere meanwhile. Make a new draft from what is left.' USING ERRCODE = 'KT409';
  END IF;
  IF NOT sending THEN
    RETURN NEW;
  END IF;
  IF NEW.deleted_at IS NOT NULL THEN
    RAISE EXCEPTION 'This draft is deleted. Restore it first.' USING ERRCODE = 'KT409';
  ELSIF cardinality(lines.amounts) = 0 THEN
    RAISE EXCEPTION 'There is nothing on it yet. Add at least one line before sending.' USING ERRCODE = 'KT422', COLUMN = 'items';
  END IF;
  NEW.issue_date := coalesce(NEW.issue_date, organization_today(NEW.organization_id));
  NEW.base_currency := (SELECT base_currency FROM organizations WHERE id = NEW.organization_id);
  SELECT * INTO company FROM companies WHERE organization_id = NEW.organization_id AND id = NEW.company_id;
  NEW.billing_name := coalesce(NEW.billing_name, company.name);
  NEW.billing_address := coalesce(NEW.billing_address, company.billing_address);
  NEW.billing_tax_id := coalesce(NEW.billing_tax_id, company.tax_id);
  NEW.sent_at := now();
  IF NEW.kind = 'credit_note' THEN
    IF totals.total_amount = 0 THEN
      RAISE EXCEPTION 'A credit note needs an amount.' USING ERRCODE = 'KT422', COLUMN = 'items';
    ELSIF totals.total_amount > original.total_amount - original.amount_credited THEN
      RAISE EXCEPTION 'Of % at most % % can be credited, not %.', original.number,
        round(original.total_amount - original.amount_credited, currency_minor_units(NEW.currency)), NEW.currency, totals.total_amount
        USING ERRCODE = 'KT409', COLUMN = 'items';
    END IF;
    NEW.payment_terms := NULL;
    NEW.due_date := NULL;
    NEW.exchange_rate := original.exchange_rate;
    NEW.base_currency := original.base_currency;
  ELSE
    NEW.payment_terms := coalesce(NEW.payment_terms, company.payment_terms, 'net_30');
    NEW.due_date := coalesce(NEW.due_date, least(NEW.issue_date + payment_term_days(NEW.payment_terms), date '9999-12-31'));
    IF NEW.due_date < NEW.issue_date THEN
      RAISE EXCEPTION 'It cannot be due before it is issued, on %.', NEW.issue_date USING ERRCODE = 'KT422', COLUMN = 'due_date';
    END IF;
    NEW.exchange_rate := needed_exchange_rate(NEW.organization_id, NEW.currency, NEW.base_currency, NEW.issue_date);
  END IF;
  -- The last thing that can fail has not; the number's row stays locked until the transaction ends.
  NEW.number := format(CASE NEW.kind WHEN 'invoice' THEN 'INV-%s-%s' ELSE 'CN-%s-%s' END, to_char(NEW.issue_date, 'YYYY'),
    to_char(take_numbers(NEW.organization_id, NEW.kind, extract(year FROM NEW.issue_date)::integer, 1), 'FM9999999900000'));
  RETURN NEW;
END
$$;
ALTER FUNCTION complete_invoice() OWNER TO kith_definer;

-- What a sent invoice is follows from what was paid and credited (004: paid sets the date).
CREATE FUNCTION update_invoice_paid_date() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  total constant numeric := NEW.subtotal - NEW.discount_amount + NEW.tax_amount;
BEGIN
  IF NEW.kind <> 'invoice' OR NEW.status = 'draft'
    OR (NEW.status, NEW.amount_paid, NEW.amount_credited) IS NOT DISTINCT FROM (OLD.status, OLD.amount_paid, OLD.amount_credited) THEN
    RETURN NEW;
  END IF;
  NEW.paid_date := NULL;
  IF NEW.amount_credited > 0 AND NEW.amount_credited = total THEN
    NEW.status := 'cancelled';
    NEW.cancelled_at := coalesce(NEW.cancelled_at, now());
  ELSIF NEW.amount_paid + NEW.amount_credited >= total THEN
    NEW.status := 'paid';
    NEW.paid_date := coalesce((
      SELECT max(p.payment_date) FROM payments p
      WHERE p.organization_id = NEW.organization_id AND p.invoice_id = NEW.id AND p.amount > p.amount_refunded), NEW.issue_date);
  ELSE
    NEW.status := CASE WHEN 'overdue' IN (OLD.status, NEW.status) THEN 'overdue' WHEN NEW.amount_paid > 0 THEN 'partially_paid' ELSE 'sent' END;
  END IF;
  RETURN NEW;
END
$$;
ALTER FUNCTION update_invoice_paid_date() OWNER TO kith_definer;

-- Whether what is open of a company's invoices is more than its credit limit, in the base currency; no row
-- when it is not, when there is no limit, or when the limit's own rate is not known.
CREATE FUNCTION credit_overrun(organization uuid, wanted_company uuid) RETURNS TABLE (outstanding numeric, allowed numeric, currency text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN QUERY
  SELECT o.sum, l.allowed, l.base FROM (
    SELECT round(c.credit_limit * known_exchange_rate(organization, coalesce(c.currency, g.base_currency), g.base_currency, organization_today(organization)),
      currency_minor_units(g.base_currency)) AS allowed, g.base_currency::text AS base
    FROM companies c JOIN organizations g ON g.id = c.organization_id
    WHERE c.organization_id = organization AND c.id = wanted_company AND c.credit_limit IS NOT NULL
  ) l CROSS JOIN LATERAL (
    SELECT coalesce(sum(round(i.balance * i.exchange_rate, currency_minor_units(i.base_currency))), 0) FROM invoices i
    WHERE i.organization_id = organization AND i.company_id = wanted_company AND i.kind = 'invoice' AND i.status IN ('sent', 'partially_paid', 'overdue')
      AND i.deleted_at IS NULL
  ) o (sum)
  WHERE o.sum > l.allowed;
END
$$;
ALTER FUNCTION credit_overrun(uuid, uuid) OWNER TO kith_definer;
REVOKE ALL ON FUNCTION credit_overrun(uuid, uuid) FROM PUBLIC;

-- The same for the acting member's organization, who may read the company.
CREATE FUNCTION credit_warning(wanted_company uuid) RETURNS TABLE (outstanding numeric, allowed numeric, currency text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF access_scope('invoices', 'update') IS NOT NULL THEN
    RETURN QUERY SELECT * FROM credit_overrun(current_organization_id(), wanted_company);
  END IF;
END
$$;
ALTER FUNCTION credit_warning(uuid) OWNER TO kith_definer;

-- What follows from sending: an invoice may pass its company's credit limit, which is told and not refused; a
-- credit note takes its amount off its original.
CREATE FUNCTION follow_sending() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM new_rows n JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id
    WHERE o.status = 'draft' AND n.status <> 'draft') THEN
    RETURN NULL;
  END IF;
  UPDATE invoices i SET amount_credited = i.amount_credited + c.amount
  FROM (
    SELECT n.organization_id, n.corrects_id, sum(n.total_amount) AS amount
    FROM new_rows n JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id
    WHERE n.kind = 'credit_note' AND o.status = 'draft' AND n.status <> 'draft'
    GROUP BY n.organization_id, n.corrects_id
  ) c
  WHERE i.organization_id = c.organization_id AND i.id = c.corrects_id;
  UPDATE time_entries t SET invoice_item_id = NULL
  FROM new_rows n
  JOIN invoices i ON i.organization_id = n.organization_id AND i.id = n.corrects_id AND i.status = 'cancelled'
  JOIN invoice_items x ON x.organization_id = i.organization_id AND x.invoice_id = i.id AND x.is_time
  WHERE n.kind = 'credit_note' AND t.organization_id = x.organization_id AND t.invoice_item_id = x.id;
  WITH passed AS (
    SELECT s.organization_id, s.company_id, v.* FROM (
      SELECT DISTINCT n.organization_id, n.company_id
      FROM new_rows n JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id
      WHERE n.kind = 'invoice' AND o.status = 'draft' AND n.status <> 'draft'
    ) s CROSS JOIN LATERAL credit_overrun(s.organization_id, s.company_id) v
  ), warned AS (
    SELECT tell(ARRAY[c.owner_id], 'system', 'Credit limit', format('%s owes %s %s, more than its credit limit of %s %s', c.name, p.outstanding, p.currency, p.allowed, p.currency),
      'warning', 'company', c.id)
    FROM passed p JOIN companies c ON c.organization_id = p.organization_id AND c.id = p.company_id WHERE c.owner_id IS NOT NULL
  ), told AS (
    INSERT INTO activities (organization_id, type, subject, description, entity_type, entity_id, user_id, created_by, change_set_id)
    SELECT p.organization_id, 'system', c.name, format('Open invoices of %s %s pass the credit limit of %s %s', p.outstanding, p.currency, p.allowed, p.currency),
      'company', c.id, current_user_id(), current_user_id(), current_change_set_id()
    FROM passed p JOIN companies c ON c.organization_id = p.organization_id AND c.id = p.company_id
  )
  INSERT INTO events (organization_id, entity, record_id, action, version, actor_id, change_set_id)
  SELECT p.organization_id, 'company', p.company_id, 'credit_limit_exceeded', c.version, current_user_id(), current_change_set_id()
  FROM passed p JOIN companies c ON c.organization_id = p.organization_id AND c.id = p.company_id
  -- A SELECT in WITH runs only when it is asked for.
  WHERE (SELECT count(*) FROM warned) >= 0;
  RETURN NULL;
END
$$;
ALTER FUNCTION follow_sending() OWNER TO kith_definer;

-- Lines are summed up set-wise, and only while their invoices are drafts. The invoices are locked first, so that
-- whoever sends one waits for its lines and then counts them, and whoever adds a line to a sent one is refused.
CREATE FUNCTION total_invoices() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  organizations_of uuid[];
  affected uuid[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    SELECT array_agg(r.organization_id), array_agg(r.invoice_id) INTO organizations_of, affected
    FROM (SELECT DISTINCT n.organization_id, n.invoice_id FROM new_rows n) r;
  ELSIF TG_OP = 'DELETE' THEN
    SELECT array_agg(r.organization_id), array_agg(r.invoice_id) INTO organizations_of, affected
    FROM (SELECT DISTINCT o.organization_id, o.invoice_id FROM old_rows o) r;
  ELSE
    -- That a product is gone, or another by a merge, changes nothing on the invoice.
    SELECT array_agg(r.organization_id), array_agg(r.invoice_id) INTO organizations_of, affected
    FROM (
      SELECT DISTINCT n.organization_id, i.invoice_id
      FROM new_rows n JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id CROSS JOIN LATERAL (VALUES (n.invoice_id), (o.invoice_id)) i (invoice_id)
      WHERE (n.invoice_id, n.description, n.quantity, n.unit, n.unit_price, n.discount_percent, n.tax_rate, n.currency, n.position)
          IS DISTINCT FROM (o.invoice_id, o.description, o.quantity, o.unit, o.unit_price, o.discount_percent, o.tax_rate, o.currency, o.position)
    ) r;
  END IF;
  IF affected IS NULL THEN
    RETURN NULL;
  END IF;
  PERFORM 1 FROM unnest(organizations_of, affected) a (organization_id, id) JOIN invoices i USING (organization_id, id) ORDER BY i.id FOR NO KEY UPDATE OF i;
  IF EXISTS (SELECT 1 FROM unnest(organizations_of, affected) a (organization_id, id) JOIN invoices i USING (organization_id, id) WHERE i.status <> 'draft') THEN
    RAISE EXCEPTION 'A sent invoice is final. Correct it with a credit note.' USING ERRCODE = 'KT409', COLUMN = 'invoice_id';
  END IF;
  UPDATE invoices i SET subtotal = t.subtotal, discount_amount = t.discount_amount, tax_amount = t.tax_amount, tax_breakdown = t.tax_breakdown
  FROM (
    SELECT d.organization_id, d.id, s.* FROM unnest(organizations_of, affected) a (organization_id, id) JOIN invoices d USING (organization_id, id)
    CROSS JOIN LATERAL lines_of(d.organization_id, d.id, d.currency) l
    CROSS JOIN LATERAL invoice_totals(d.currency, d.discount_percent, d.fixed_discount, l.amounts, l.rates) s
  ) t
  WHERE i.organization_id = t.organization_id AND i.id = t.id
    AND (i.subtotal, i.discount_amount, i.tax_amount, i.tax_breakdown) IS DISTINCT FROM (t.subtotal, t.discount_amount, t.tax_amount, t.tax_breakdown);
  RETURN NULL;
END
$$;
ALTER FUNCTION total_invoices() OWNER TO kith_definer;

-- What a line refers to is kept with a sent invoice as well; the database's own work is not asked.
CREATE FUNCTION keep_invoice_item() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF current_user = 'kith_app' AND EXISTS (
      SELECT 1 FROM invoices i WHERE i.organization_id = OLD.organization_id AND i.id = OLD.invoice_id AND i.status <> 'draft') THEN
    RAISE EXCEPTION 'A sent invoice is final. Correct it with a credit note.' USING ERRCODE = 'KT409', COLUMN = 'product_id';
  END IF;
  RETURN NEW;
END
$$;

-- Refuses what is finer than the currency's smallest unit.
CREATE FUNCTION whole_units(amount numeric, wanted_currency text) RETURNS void
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  places constant integer := currency_minor_units(wanted_currency);
BEGIN
  IF amount <> round(amount, places) THEN
    RAISE EXCEPTION '% has % decimal places.', wanted_currency, places USING ERRCODE = 'KT422', COLUMN = 'amount';
  END IF;
END
$$;

-- Fills in what follows from a payment's invoice.
CREATE FUNCTION place_payment() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  invoice invoices;
BEGIN
  SELECT * INTO invoice FROM invoices WHERE organization_id = NEW.organization_id AND id = NEW.invoice_id;
  IF NOT FOUND THEN
    -- The foreign key says it better.
    RETURN NEW;
  END IF;
  NEW.currency := coalesce(NEW.currency, invoice.currency);
  IF NEW.currency <> invoice.currency THEN
    RAISE EXCEPTION 'The invoice is in %. Pay it in that currency.', invoice.currency USING ERRCODE = 'KT422', COLUMN = 'currency';
  END IF;
  PERFORM whole_units(NEW.amount, NEW.currency);
  NEW.company_id := invoice.company_id;
  NEW.amount_refunded := 0;
  NEW.payment_date := coalesce(NEW.payment_date, organization_today(NEW.organization_id));
  NEW.base_currency := (SELECT base_currency FROM organizations WHERE id = NEW.organization_id);
  NEW.exchange_rate := needed_exchange_rate(NEW.organization_id, NEW.currency, NEW.base_currency, NEW.payment_date);
  NEW.base_amount := round(NEW.amount * NEW.exchange_rate, coalesce(currency_minor_units(NEW.base_currency), 3));
  RETURN NEW;
END
$$;
ALTER FUNCTION place_payment() OWNER TO kith_definer;

-- Takes payments off their invoices. The invoices' rows are locked in the order of their ids, so that two payments
-- at once are one after the other, and neither can overpay; then the companies' values follow.
CREATE FUNCTION apply_payments() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  refused record;
BEGIN
  PERFORM 1 FROM invoices i
  WHERE (i.organization_id, i.id) IN (SELECT n.organization_id, n.invoice_id FROM new_rows n) ORDER BY i.id FOR NO KEY UPDATE;
  SELECT i.kind, i.status, i.currency, p.amount, round(i.balance, currency_minor_units(i.currency)) AS balance INTO refused
  FROM (SELECT n.organization_id, n.invoice_id, sum(n.amount) AS amount FROM new_rows n GROUP BY n.organization_id, n.invoice_id) p
  JOIN invoices i ON i.organization_id = p.organization_id AND i.id = p.invoice_id
  WHERE i.kind <> 'invoice' OR i.status IN ('draft', 'cancelled') OR p.amount > i.balance
  LIMIT 1;
  IF FOUND THEN
    IF refused.kind <> 'invoice' THEN
      RAISE EXCEPTION 'A credit note is not paid. Refund the payment of its invoice instead.' USING ERRCODE = 'KT409', COLUMN = 'invoice_id';
    ELSIF refused.status = 'draft' THEN
      RAISE EXCEPTION 'This invoice is a draft. Send it before recording a payment.' USING ERRCODE = 'KT409', COLUMN = 'invoice_id';
    ELSIF refused.status = 'cancelled' THEN
      RAISE EXCEPTION 'This invoice is cancelled; nothing is owed on it.' USING ERRCODE = 'KT409', COLUMN = 'invoice_id';
    ELSE
      RAISE EXCEPTION 'The balance is % %; a payment of % % is more than that.', refused.balance, refused.currency, round(refused.amount, currency_minor_units(refused.currency)), refused.currency
        USING ERRCODE = 'KT409', COLUMN = 'amount';
    END IF;
  END IF;
  UPDATE invoices i SET amount_paid = i.amount_paid + p.amount
  FROM (SELECT n.organization_id, n.invoice_id, sum(n.amount) AS amount FROM new_rows n GROUP BY n.organization_id, n.invoice_id) p
  WHERE i.organization_id = p.organization_id AND i.id = p.invoice_id;
  PERFORM 1 FROM companies c
  WHERE (c.organization_id, c.id) IN (SELECT n.organization_id, n.company_id FROM new_rows n) ORDER BY c.id FOR NO KEY UPDATE;
  UPDATE companies c SET lifetime_value = c.lifetime_value + p.amount
  FROM (SELECT n.organization_id, n.company_id, sum(n.base_amount) AS amount FROM new_rows n GROUP BY n.organization_id, n.company_id) p
  WHERE c.organization_id = p.organization_id AND c.id = p.company_id AND p.amount > 0;
  -- Whose the invoice is hears of it, of many invoices at once in one line.
  PERFORM tell(ARRAY[w.owner_id], 'payment', w.title, w.message, 'success', 'invoice', w.id)
  FROM (
    SELECT i.owner_id, (array_agg(i.id ORDER BY i.number))[1] AS id,
      CASE count(*) WHEN 1 THEN format('Payment for %s', min(i.number)) ELSE format('Payments for %s invoices', count(DISTINCT i.id)) END AS title,
      string_agg(DISTINCT format('%s %s', round(n.amount, currency_minor_units(n.currency)), n.currency), ', ') AS message
    FROM new_rows n JOIN invoices i ON i.organization_id = n.organization_id AND i.id = n.invoice_id
    WHERE i.owner_id IS DISTINCT FROM current_user_id() AND i.owner_id IS NOT NULL
    GROUP BY i.owner_id
  ) w;
  RETURN NULL;
END
$$;
ALTER FUNCTION apply_payments() OWNER TO kith_definer;

-- What a payment is worth in the base currency after refunds; nothing once all of it is given back.
CREATE FUNCTION kept_of_payment(base_amount numeric, amount numeric, refunded numeric, base_currency text) RETURNS numeric
LANGUAGE sql IMMUTABLE AS $$
  SELECT public.divide_rounded(base_amount * (amount - refunded), amount, coalesce(public.currency_minor_units(base_currency), 3))
$$;

-- Fills in what follows from a refund's payment.
CREATE FUNCTION place_refund() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  payment payments;
BEGIN
  SELECT * INTO payment FROM payments WHERE organization_id = NEW.organization_id AND id = NEW.payment_id;
  IF NOT FOUND THEN
    RETURN NEW;
  END IF;
  NEW.invoice_id := payment.invoice_id;
  NEW.currency := payment.currency;
  PERFORM whole_units(NEW.amount, NEW.currency);
  NEW.refund_date := coalesce(NEW.refund_date, organization_today(NEW.organization_id));
  RETURN NEW;
END
$$;
ALTER FUNCTION place_refund() OWNER TO kith_definer;

-- Gives money back: never more than was paid. Invoices are locked before payments, as everywhere.
CREATE FUNCTION apply_refunds() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  refused record;
BEGIN
  PERFORM 1 FROM invoices i
  WHERE (i.organization_id, i.id) IN (SELECT n.organization_id, n.invoice_id FROM new_rows n) ORDER BY i.id FOR NO KEY UPDATE;
  PERFORM 1 FROM payments p
  WHERE (p.organization_id, p.id) IN (SELECT n.organization_id, n.payment_id FROM new_rows n) ORDER BY p.id FOR NO KEY UPDATE;
  SELECT p.currency, round(p.amount - p.amount_refunded, currency_minor_units(p.currency)) AS remaining INTO refused
  FROM (SELECT n.organization_id, n.payment_id, sum(n.amount) AS amount FROM new_rows n GROUP BY n.organization_id, n.payment_id) r
  JOIN payments p ON p.organization_id = r.organization_id AND p.id = r.payment_id
  WHERE r.amount > p.amount - p.amount_refunded
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'At most % % of this payment can be refunded.', refused.remaining, refused.currency USING ERRCODE = 'KT409', COLUMN = 'amount';
  END IF;
  WITH refunded AS (
    SELECT p.organization_id, p.company_id, kept_of_payment(p.base_amount, p.amount, p.amount_refunded, p.base_currency)
      - kept_of_payment(p.base_amount, p.amount, p.amount_refunded + r.amount, p.base_currency) AS lost
    FROM (SELECT n.organization_id, n.payment_id, sum(n.amount) AS amount FROM new_rows n GROUP BY n.organization_id, n.payment_id) r
    JOIN payments p ON p.organization_id = r.organization_id AND p.id = r.payment_id
  )
  UPDATE companies c SET lifetime_value = c.lifetime_value - l.lost
  FROM (SELECT f.organization_id, f.company_id, sum(f.lost) AS lost FROM refunded f GROUP BY f.organization_id, f.company_id) l
  WHERE c.organization_id = l.organization_id AND c.id = l.company_id AND l.lost > 0;
  UPDATE payments p SET amount_refunded = p.amount_refunded + r.amount
  FROM (SELECT n.organization_id, n.payment_id, sum(n.amount) AS amount FROM new_rows n GROUP BY n.organization_id, n.payment_id) r
  WHERE p.organization_id = r.organization_id AND p.id = r.payment_id;
  UPDATE invoices i SET amount_paid = i.amount_paid - r.amount
  FROM (SELECT n.organization_id, n.invoice_id, sum(n.amount) AS amount FROM new_rows n GROUP BY n.organization_id, n.invoice_id) r
  WHERE i.organization_id = r.organization_id AND i.id = r.invoice_id;
  RETURN NULL;
END
$$;
ALTER FUNCTION apply_refunds() OWNER TO kith_definer;

-- Time is invoiced once. What a line was made from is claimed by the line, and free again when the line goes, when
-- its draft is deleted, and when its invoice is cancelled.
ALTER TABLE time_entries ADD FOREIGN KEY (organization_id, invoice_item_id) REFERENCES invoice_items (organization_id, id) ON DELETE SET NULL (invoice_item_id);

CREATE FUNCTION keep_invoiced_time() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF current_user = 'kith_app' THEN
    NEW.invoice_item_id := CASE TG_OP WHEN 'UPDATE' THEN OLD.invoice_item_id END;
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER time_entries_keep_invoiced BEFORE INSERT OR UPDATE ON time_entries FOR EACH ROW EXECUTE FUNCTION keep_invoiced_time();

-- Whether a line holds on to the time that it was made from.
CREATE FUNCTION line_holds_time(organization uuid, item uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN EXISTS (
    SELECT 1 FROM invoice_items x JOIN invoices i ON i.organization_id = x.organization_id AND i.id = x.invoice_id
    WHERE x.organization_id = organization AND x.id = item AND i.deleted_at IS NULL AND i.status <> 'cancelled');
END
$$;
ALTER FUNCTION line_holds_time(uuid, uuid) OWNER TO kith_definer;
REVOKE ALL ON FUNCTION line_holds_time(uuid, uuid) FROM PUBLIC;

-- The approved, billable time of a project that no invoice holds, for whoever reads time and makes invoices.
CREATE FUNCTION unbilled_time(wanted_project uuid, first_day date, last_day date)
RETURNS TABLE (id uuid, date date, hours numeric, rate numeric, currency text, description text, user_id uuid, person text, task_id uuid, task text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF access_scope('time_entries', 'read') IS DISTINCT FROM 'all' OR access_scope('invoices', 'create') IS NULL THEN
    RETURN;
  END IF;
  RETURN QUERY
  SELECT t.id, t.date, t.hours, t.rate, t.currency::text, t.description, t.user_id, u.full_name::text, t.task_id, k.title::text
  FROM time_entries t JOIN users u ON u.id = t.user_id LEFT JOIN tasks k ON k.organization_id = t.organization_id AND k.id = t.task_id
  WHERE t.organization_id = current_organization_id() AND t.project_id = wanted_project AND t.status = 'approved' AND t.billable AND t.deleted_at IS NULL
    AND (first_day IS NULL OR t.date >= first_day) AND (last_day IS NULL OR t.date <= last_day)
    AND (t.invoice_item_id IS NULL OR NOT line_holds_time(t.organization_id, t.invoice_item_id))
  ORDER BY t.date, t.id;
END
$$;
ALTER FUNCTION unbilled_time(uuid, date, date) OWNER TO kith_definer;

-- Gives time to the lines that were just made from it, all of it or nothing: whoever invoices the same time at the
-- same moment waits, and is then refused.
CREATE FUNCTION claim_time(entries uuid[], items uuid[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  org constant uuid := current_organization_id();
  claimed bigint;
BEGIN
  IF access_scope('time_entries', 'read') IS DISTINCT FROM 'all' OR access_scope('invoices', 'create') IS NULL THEN
    RAISE EXCEPTION 'You may not invoice time.' USING ERRCODE = 'KT403';
  END IF;
  PERFORM 1 FROM time_entries t WHERE t.organization_id = org AND t.id = ANY (entries) ORDER BY t.id FOR NO KEY UPDATE;
  UPDATE time_entries t SET invoice_item_id = c.item
  FROM unnest(entries, items) AS c (entry, item)
  JOIN invoice_items x ON x.organization_id = org AND x.id = c.item
  JOIN invoices i ON i.organization_id = org AND i.id = x.invoice_id
  WHERE t.organization_id = org AND t.id = c.entry AND t.status = 'approved' AND t.billable AND t.deleted_at IS NULL AND t.project_id = i.project_id
    AND i.status = 'draft' AND i.created_by = current_user_id() AND i.created_at = now()
    AND (t.invoice_item_id IS NULL OR NOT line_holds_time(org, t.invoice_item_id));
  GET DIAGNOSTICS claimed = ROW_COUNT;
  IF claimed <> cardinality(entries) THEN
    RAISE EXCEPTION 'Some of this time was invoiced or changed meanwhile. Try again.' USING ERRCODE = 'KT409';
  END IF;
  UPDATE invoice_items x SET is_time = true WHERE x.organization_id = org AND x.id = ANY (items) AND NOT x.is_time;
END
$$;
ALTER FUNCTION claim_time(uuid[], uuid[]) OWNER TO kith_definer;

-- What was sent or paid goes only with the whole organization.
CREATE FUNCTION keep_financial_record() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF to_jsonb(OLD) ->> 'status' IS DISTINCT FROM 'draft' AND EXISTS (SELECT 1 FROM organizations WHERE id = OLD.organization_id) THEN
    RAISE EXCEPTION 'What was sent or paid is never deleted.' USING ERRCODE = 'KT409';
  END IF;
  RETURN OLD;
END
$$;
ALTER FUNCTION keep_financial_record() OWNER TO kith_definer;

-- Whoever takes a company or a deal over takes its invoices over, except those that somebody else had been given.
-- Argument: the column of invoices that names the record.
CREATE FUNCTION invoices_follow() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM new_rows n JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id WHERE n.owner_id IS DISTINCT FROM o.owner_id) THEN
    EXECUTE format('UPDATE invoices i SET owner_id = n.owner_id
      FROM new_rows n JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id
      WHERE i.organization_id = n.organization_id AND i.%I = n.id AND n.owner_id IS DISTINCT FROM o.owner_id AND i.owner_id IS NOT DISTINCT FROM o.owner_id', TG_ARGV[0]);
  END IF;
  RETURN NULL;
END
$$;
ALTER FUNCTION invoices_follow() OWNER TO kith_definer;

-- Permissions and the roles' defaults (MODEL §3).
CALL declare_resource('invoices', ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk', 'assign']);
CALL declare_resource('payments', ARRAY['create', 'read', 'export', 'bulk']);
CALL declare_resource('exchange_rates', ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk']);
CALL default_grant('finance', ARRAY['invoices'], ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk', 'assign'], 'all');
CALL default_grant('finance', ARRAY['payments'], ARRAY['create', 'read', 'export', 'bulk'], 'all');
CALL default_grant('finance', ARRAY['exchange_rates'], ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk'], 'all');
CALL default_grant('manager', ARRAY['invoices'], ARRAY['create', 'read', 'update', 'delete', 'export', 'bulk', 'assign'], 'all');
CALL default_grant('manager', ARRAY['payments'], ARRAY['read', 'export'], 'all');
CALL default_grant('manager', ARRAY['exchange_rates'], ARRAY['read'], 'all');
CALL default_grant('sales', ARRAY['invoices'], ARRAY['read'], 'assigned_or_unowned');
CALL default_grant('sales', ARRAY['invoices'], ARRAY['export'], 'assigned');
CALL default_grant('sales', ARRAY['payments', 'exchange_rates'], ARRAY['read'], 'all');
CALL default_grant('member', ARRAY['invoices', 'payments'], ARRAY['read'], 'assigned');
CALL default_grant('viewer', ARRAY['invoices', 'payments', 'exchange_rates'], ARRAY['read'], 'all');
CALL default_grant('client_admin', ARRAY['invoices', 'payments'], ARRAY['read'], 'assigned');
CALL default_grant('client_member', ARRAY['invoices', 'payments'], ARRAY['read'], 'assigned');
CALL default_grant('client_viewer', ARRAY['invoices', 'payments'], ARRAY['read'], 'assigned');
SELECT apply_role_defaults(NULL, resource) FROM unnest(ARRAY['invoices', 'payments', 'exchange_rates']) resource;

CALL protect_shared('exchange_rates', 'exchange_rates');
CALL protect_owned('invoices', 'invoices', ARRAY['owner_id'], 'sent_company_key');
CALL protect_through('invoice_items', 'invoices', 'invoices', 'invoice_id', 'invoices', 'owner_id', 'sent_company_key');
CALL protect_through('payments', 'payments', 'invoices', 'invoice_id', 'invoices', 'owner_id', 'sent_company_key');
CALL protect_through('refunds', 'payments', 'invoices', 'invoice_id', 'invoices', 'owner_id', 'sent_company_key');
REVOKE UPDATE, DELETE ON payments, refunds FROM kith_app;

CALL install_entity('exchange_rate', 'exchange_rates', 'currency', 'exchange_rates');
CALL install_entity('invoice', 'invoices', 'title', 'invoices');
CALL install_entity('invoice_item', 'invoice_items', 'description', 'invoices');
CALL install_entity('payment', 'payments', 'title', 'payments');
CALL install_entity('refund', 'refunds', 'title', 'payments');
CALL add_subject_kind('notes', 'invoice');

-- In the order of their names: what may be written, what follows, the version, the status.
CREATE TRIGGER invoices_guard BEFORE INSERT OR UPDATE ON invoices FOR EACH ROW EXECUTE FUNCTION guard_record('invoices', 'owner_id', 'sent_company_key');
CREATE TRIGGER invoices_keep BEFORE INSERT OR UPDATE ON invoices FOR EACH ROW EXECUTE FUNCTION keep_invoice();
CREATE TRIGGER invoices_send BEFORE INSERT OR UPDATE ON invoices FOR EACH ROW EXECUTE FUNCTION complete_invoice();
CREATE TRIGGER set_invoice_paid_date BEFORE UPDATE ON invoices FOR EACH ROW EXECUTE FUNCTION update_invoice_paid_date();
CREATE TRIGGER invoices_sent AFTER UPDATE ON invoices REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION follow_sending();
CREATE TRIGGER invoices_keep_record BEFORE DELETE ON invoices FOR EACH ROW EXECUTE FUNCTION keep_financial_record();
CREATE TRIGGER invoice_items_total_insert AFTER INSERT ON invoice_items REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION total_invoices();
CREATE TRIGGER invoice_items_total_update AFTER UPDATE ON invoice_items REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION total_invoices();
CREATE TRIGGER invoice_items_total_delete AFTER DELETE ON invoice_items REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION total_invoices();
CREATE TRIGGER invoice_items_keep BEFORE UPDATE ON invoice_items FOR EACH ROW
  WHEN ((OLD.product_id, OLD.corrects_item_id, OLD.is_time) IS DISTINCT FROM (NEW.product_id, NEW.corrects_item_id, NEW.is_time)) EXECUTE FUNCTION keep_invoice_item();
CREATE TRIGGER payments_place BEFORE INSERT ON payments FOR EACH ROW EXECUTE FUNCTION place_payment();
CREATE TRIGGER payments_apply AFTER INSERT ON payments REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION apply_payments();
CREATE TRIGGER payments_keep_record BEFORE DELETE ON payments FOR EACH ROW EXECUTE FUNCTION keep_financial_record();
CREATE TRIGGER refunds_place BEFORE INSERT ON refunds FOR EACH ROW EXECUTE FUNCTION place_refund();
CREATE TRIGGER refunds_apply AFTER INSERT ON refunds REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION apply_refunds();
CREATE TRIGGER refunds_keep_record BEFORE DELETE ON refunds FOR EACH ROW EXECUTE FUNCTION keep_financial_record();
CREATE TRIGGER companies_invoices_follow AFTER UPDATE ON companies REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION invoices_follow('company_id');
CREATE TRIGGER deals_invoices_follow AFTER UPDATE ON deals REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION invoices_follow('deal_id');

-- Overdue by schedule: organizations that have something to do, and the work of the acting one, a bounded piece at a time.
CREATE FUNCTION organizations_with_overdue_invoices(moment timestamptz) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT o.id FROM organizations o WHERE EXISTS (
    SELECT 1 FROM invoices i WHERE i.organization_id = o.id AND i.kind = 'invoice' AND i.status IN ('sent', 'partially_paid')
      AND i.due_date < organization_today(o.id, moment))
$$;
ALTER FUNCTION organizations_with_overdue_invoices(timestamptz) OWNER TO kith_definer;

CREATE FUNCTION mark_invoices_overdue(moment timestamptz, bound integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  organization constant uuid := current_organization_id();
  today constant date := organization_today(organization, moment);
  marked uuid[];
BEGIN
  -- The schedule's, which acts for nobody.
  IF current_user_id() IS NOT NULL THEN
    RETURN 0;
  END IF;
  WITH due AS (
    SELECT i.id FROM invoices i
    WHERE i.organization_id = organization AND i.kind = 'invoice' AND i.status IN ('sent', 'partially_paid') AND i.due_date < today
    ORDER BY i.due_date, i.id LIMIT bound FOR NO KEY UPDATE SKIP LOCKED
  ), done AS (
    UPDATE invoices i SET status = 'overdue' FROM due WHERE i.organization_id = organization AND i.id = due.id RETURNING i.id
  )
  SELECT coalesce(array_agg(id), '{}') INTO marked FROM done;
  INSERT INTO events (organization_id, entity, record_id, action, version, change_set_id)
  SELECT organization, 'invoice', i.id, 'overdue', i.version, current_change_set_id()
  FROM invoices i WHERE i.organization_id = organization AND i.id = ANY (marked);
  PERFORM tell(ARRAY[i.owner_id], 'overdue', format('%s is overdue', i.number),
    format('%s %s of %s were due on %s', round(i.balance, currency_minor_units(i.currency)), i.currency, c.name, i.due_date), 'warning', 'invoice', i.id)
  FROM invoices i JOIN companies c ON c.organization_id = i.organization_id AND c.id = i.company_id
  WHERE i.organization_id = organization AND i.id = ANY (marked) AND i.owner_id IS NOT NULL;
  RETURN cardinality(marked);
END
$$;
ALTER FUNCTION mark_invoices_overdue(timestamptz, integer) OWNER TO kith_definer;
