-- Support: when it is open, what it promises, tickets and what is said in them (MODEL §4).

-- Whether a name is a time zone that this server knows.
CREATE FUNCTION is_time_zone(name text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  PERFORM timestamptz '2000-01-01 00:00:00+00' AT TIME ZONE name;
  RETURN name ~ '^[A-Za-z][A-Za-z0-9_+/-]*$';
EXCEPTION WHEN invalid_parameter_value THEN
  RETURN false;
END
$$;

-- The shape of a week's opening hours: {"monday": [["09:00", "12:00"], ["13:00", "17:00"]], …}; in each day in
-- order, none into another; a day that is not named is closed, and 24:00 is its end.
CREATE FUNCTION is_weekly_hours(hours jsonb) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  day record;
  pair jsonb;
  free_from text;
BEGIN
  IF jsonb_typeof(hours) <> 'object' THEN
    RETURN false;
  END IF;
  FOR day IN SELECT * FROM jsonb_each(hours) LOOP
    IF day.key NOT IN ('monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday')
      OR jsonb_typeof(day.value) <> 'array' OR jsonb_array_length(day.value) > 10 THEN
      RETURN false;
    END IF;
    free_from := '00:00';
    FOR pair IN SELECT * FROM jsonb_array_elements(day.value) LOOP
      IF jsonb_typeof(pair) <> 'array' OR jsonb_array_length(pair) <> 2
        OR jsonb_typeof(pair -> 0) <> 'string' OR jsonb_typeof(pair -> 1) <> 'string'
        OR (pair ->> 0) !~ '^([01][0-9]|2[0-3]):[0-5][0-9]$' OR (pair ->> 1) !~ '^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$'
        OR (pair ->> 0) COLLATE "C" < free_from OR (pair ->> 1) COLLATE "C" <= (pair ->> 0) THEN
        RETURN false;
      END IF;
      free_from := pair ->> 1;
    END LOOP;
  END LOOP;
  RETURN true;
END
$$;

-- When support is open. Several, for teams in several places.
CREATE TABLE business_hours (
  organization_id  uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  name             text COLLATE "und-x-icu" NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
  timezone         text NOT NULL CHECK (is_time_zone(timezone)),
  weekly_hours     jsonb NOT NULL CHECK (is_weekly_hours(weekly_hours)),
  created_at       timestamptz NOT NULL DEFAULT now(),
  updated_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid,
  updated_by       uuid,
  version          bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT business_hours_name_unique UNIQUE (organization_id, name)
);
CALL index_fields('business_hours', ARRAY['name', 'created_at', 'updated_at'], NULL);

CREATE TABLE holidays (
  organization_id    uuid NOT NULL,
  id                 uuid NOT NULL DEFAULT uuid_v7(),
  business_hours_id  uuid NOT NULL,
  name               text COLLATE "und-x-icu" NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
  date               date NOT NULL,
  -- Closed on this day of every year, not of its own alone.
  repeats_yearly     boolean NOT NULL DEFAULT false,
  created_at         timestamptz NOT NULL DEFAULT now(),
  updated_at         timestamptz NOT NULL DEFAULT now(),
  created_by         uuid,
  updated_by         uuid,
  version            bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, business_hours_id) REFERENCES business_hours (organization_id, id) ON DELETE CASCADE
);
CALL index_fields('holidays', ARRAY['business_hours_id', 'name', 'date', 'created_at', 'updated_at'], NULL);

-- What is promised to a ticket of a priority, in minutes of business time.
CREATE TABLE sla_policies (
  organization_id         uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id                      uuid NOT NULL DEFAULT uuid_v7(),
  name                    text COLLATE "und-x-icu" NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
  priority                text NOT NULL CHECK (priority IN ('low', 'medium', 'high', 'urgent')),
  first_response_minutes  integer NOT NULL CHECK (first_response_minutes BETWEEN 1 AND 525600),
  resolution_minutes      integer NOT NULL CHECK (resolution_minutes BETWEEN 1 AND 525600),
  -- The share of the time after which those concerned are warned; 0 for never.
  warning_percent         integer NOT NULL DEFAULT 80 CHECK (warning_percent BETWEEN 0 AND 100),
  -- Empty: the clock runs day and night.
  business_hours_id       uuid,
  is_active               boolean NOT NULL DEFAULT true,
  created_at              timestamptz NOT NULL DEFAULT now(),
  updated_at              timestamptz NOT NULL DEFAULT now(),
  created_by              uuid,
  updated_by              uuid,
  version                 bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT sla_policies_name_unique UNIQUE (organization_id, name),
  CONSTRAINT sla_policies_hours FOREIGN KEY (organization_id, business_hours_id) REFERENCES business_hours (organization_id, id)
);
CREATE UNIQUE INDEX sla_policies_active_unique ON sla_policies (organization_id, priority) WHERE is_active;
CALL index_fields('sla_policies', ARRAY['name', 'priority', 'business_hours_id', 'is_active', 'first_response_minutes', 'resolution_minutes', 'created_at', 'updated_at'], NULL);

-- The stretches of time in which one day's hours are open: those moments whose local time lies within them.
-- On a day on which the clocks change, an hour that is skipped is not there and one that comes twice counts twice.
CREATE FUNCTION openings_of(zone text, hours jsonb, day date) RETURNS TABLE (opens timestamptz, closes timestamptz)
LANGUAGE plpgsql STABLE AS $$
DECLARE
  begins constant timestamptz := day::timestamp AT TIME ZONE zone;
  ends constant timestamptz := (day + 1)::timestamp AT TIME ZONE zone;
  before interval;
  after interval;
  -- Seconds since 1970: the clocks change at `turn`, and not yet at `low`.
  low bigint;
  turn bigint;
  middle bigint;
  changes timestamptz;
BEGIN
  IF ends - begins = interval '24 hours' THEN
    RETURN QUERY SELECT begins + (p ->> 0)::interval, begins + (p ->> 1)::interval FROM jsonb_array_elements(hours) p;
    RETURN;
  END IF;
  before := (begins AT TIME ZONE zone) - (begins AT TIME ZONE 'UTC');
  after := ((ends - interval '1 second') AT TIME ZONE zone) - ((ends - interval '1 second') AT TIME ZONE 'UTC');
  low := extract(epoch FROM begins)::bigint;
  turn := extract(epoch FROM ends)::bigint;
  WHILE before <> after AND turn - low > 1 LOOP
    middle := low + (turn - low) / 2;
    IF (to_timestamp(middle) AT TIME ZONE zone) - (to_timestamp(middle) AT TIME ZONE 'UTC') = before THEN
      low := middle;
    ELSE
      turn := middle;
    END IF;
  END LOOP;
  changes := to_timestamp(turn);
  RETURN QUERY
  SELECT piece.opens, piece.closes
  FROM jsonb_array_elements(hours) p
  CROSS JOIN LATERAL (SELECT (day::timestamp + (p ->> 0)::interval) AT TIME ZONE 'UTC', (day::timestamp + (p ->> 1)::interval) AT TIME ZONE 'UTC') clock (opens, closes)
  CROSS JOIN LATERAL (VALUES
    (greatest(begins, clock.opens - before), least(changes, clock.closes - before)),
    (greatest(changes, clock.opens - after), least(ends, clock.closes - after))) piece (opens, closes)
  WHERE piece.opens < piece.closes
  ORDER BY piece.opens;
END
$$;

-- The weekly hours of a day; null on a day that is closed.
CREATE FUNCTION hours_on(weekly_hours jsonb, closed date[], closed_yearly text[], day date) RETURNS jsonb
LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN day = ANY (closed) OR to_char(day, 'MM-DD') = ANY (closed_yearly) THEN NULL
    ELSE weekly_hours -> (ARRAY['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'])[extract(isodow FROM day)::integer] END
$$;

-- The moments at which so many seconds of business time (one answer each) have passed since `start`; null where that is
-- never, or more than ten years away. Without business hours time is time.
CREATE FUNCTION business_moments(hours business_hours, start timestamptz, seconds bigint[]) RETURNS timestamptz[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
  moments timestamptz[] := ARRAY(SELECT CASE WHEN hours.id IS NULL OR s <= 0 THEN start + greatest(s, 0) * interval '1 second' END FROM unnest(seconds) WITH ORDINALITY u (s, place) ORDER BY place);
  farthest constant bigint := (SELECT max(s) FROM unnest(seconds) s);
  closed date[];
  closed_yearly text[];
  day date;
  opening record;
  begins timestamptz;
  -- Microseconds of business time before the opening, and its own.
  passed bigint := 0;
  length bigint;
BEGIN
  IF hours.id IS NULL OR farthest IS NULL OR farthest <= 0 THEN
    RETURN moments;
  END IF;
  SELECT array_agg(h.date) FILTER (WHERE NOT h.repeats_yearly), array_agg(to_char(h.date, 'MM-DD')) FILTER (WHERE h.repeats_yearly)
  INTO closed, closed_yearly
  FROM holidays h WHERE h.organization_id = hours.organization_id AND h.business_hours_id = hours.id;
  day := (start AT TIME ZONE hours.timezone)::date;
  FOR step IN 0..3660 LOOP
    FOR opening IN SELECT o.opens, o.closes FROM openings_of(hours.timezone, hours_on(hours.weekly_hours, closed, closed_yearly, day + step), day + step) o LOOP
      CONTINUE WHEN opening.closes <= start;
      begins := greatest(opening.opens, start);
      length := (extract(epoch FROM opening.closes - begins) * 1000000)::bigint;
      FOR place IN 1..cardinality(seconds) LOOP
        IF moments[place] IS NULL AND seconds[place] * 1000000 <= passed + length THEN
          moments[place] := begins + (seconds[place] * 1000000 - passed) * interval '1 microsecond';
        END IF;
      END LOOP;
      passed := passed + length;
    END LOOP;
    EXIT WHEN passed >= farthest * 1000000;
  END LOOP;
  RETURN moments;
END
$$;

-- The whole seconds of business time between two moments.
CREATE FUNCTION business_seconds(hours business_hours, start timestamptz, until timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
  closed date[];
  closed_yearly text[];
  first_day date;
  days integer;
BEGIN
  IF until <= start THEN
    RETURN 0;
  ELSIF hours.id IS NULL THEN
    RETURN floor(extract(epoch FROM until - start));
  END IF;
  SELECT array_agg(h.date) FILTER (WHERE NOT h.repeats_yearly), array_agg(to_char(h.date, 'MM-DD')) FILTER (WHERE h.repeats_yearly)
  INTO closed, closed_yearly
  FROM holidays h WHERE h.organization_id = hours.organization_id AND h.business_hours_id = hours.id;
  first_day := (start AT TIME ZONE hours.timezone)::date;
  days := (until AT TIME ZONE hours.timezone)::date - first_day;
  RETURN (
    SELECT floor(coalesce(sum(extract(epoch FROM least(o.closes, until) - greatest(o.opens, start))), 0))
    FROM generate_series(0, days) AS step
    CROSS JOIN LATERAL openings_of(hours.timezone, hours_on(hours.weekly_hours, closed, closed_yearly, first_day + step), first_day + step) o
    WHERE o.closes > start AND o.opens < until);
END
$$;

CREATE TABLE tickets (
  organization_id             uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id                          uuid NOT NULL DEFAULT uuid_v7(),
  -- Given by trigger, without gaps.
  number_key                  bigint NOT NULL CHECK (number_key > 0),
  number                      text COLLATE "C" NOT NULL GENERATED ALWAYS AS ('T-' || lpad(number_key::text, greatest(6, char_length(number_key::text)), '0')) STORED,
  subject                     text COLLATE "und-x-icu" NOT NULL CHECK (char_length(subject) BETWEEN 1 AND 255),
  description                 text NOT NULL CHECK (char_length(description) BETWEEN 1 AND 50000),
  status                      text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'in_progress', 'waiting_customer', 'resolved', 'closed')),
  priority                    text NOT NULL DEFAULT 'medium' CHECK (priority IN ('low', 'medium', 'high', 'urgent')),
  category                    text CHECK (category IN ('bug', 'feature_request', 'question', 'incident')),
  channel                     text CHECK (channel IN ('email', 'phone', 'chat', 'portal')),
  company_id                  uuid,
  contact_id                  uuid,
  assigned_to_id              uuid,
  sla_policy_id               uuid,
  opened_at                   timestamptz NOT NULL DEFAULT now(),
  first_response_due_at       timestamptz,
  first_responded_at          timestamptz,
  -- Business time until the first response, and whether that was soon enough.
  first_response_seconds      bigint CHECK (first_response_seconds >= 0),
  first_response_met          boolean,
  sla_due_at                  timestamptz,
  resolved_at                 timestamptz,
  resolution_met              boolean,
  closed_at                   timestamptz,
  reopened_count              integer NOT NULL DEFAULT 0 CHECK (reopened_count >= 0),
  -- The clock: since when it runs, null while it stands, and the business seconds of its earlier runs.
  sla_running_since           timestamptz,
  sla_used_seconds            bigint NOT NULL DEFAULT 0 CHECK (sla_used_seconds >= 0),
  -- When each was told, once.
  first_response_warned_at    timestamptz,
  first_response_breached_at  timestamptz,
  sla_warned_at               timestamptz,
  sla_breached_at             timestamptz,
  first_response_warning_key  timestamptz,
  sla_warning_key             timestamptz,
  -- When something has to be told next.
  sla_alert_key               timestamptz GENERATED ALWAYS AS (CASE WHEN deleted_at IS NULL AND status IN ('open', 'in_progress') THEN least(
                                CASE WHEN first_responded_at IS NULL AND first_response_warned_at IS NULL THEN first_response_warning_key END,
                                CASE WHEN first_responded_at IS NULL AND first_response_breached_at IS NULL THEN first_response_due_at END,
                                CASE WHEN sla_warned_at IS NULL THEN sla_warning_key END,
                                CASE WHEN sla_breached_at IS NULL THEN sla_due_at END) END) STORED,
  merged_into_id              uuid,
  tags                        text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 50),
  custom_fields               jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(custom_fields) = 'object'),
  created_at                  timestamptz NOT NULL DEFAULT now(),
  updated_at                  timestamptz NOT NULL DEFAULT now(),
  deleted_at                  timestamptz,
  created_by                  uuid,
  updated_by                  uuid,
  version                     bigint NOT NULL DEFAULT 1,
  search_text                 text GENERATED ALWAYS AS (fold_text('T-' || lpad(number_key::text, greatest(6, char_length(number_key::text)), '0') || ' ' || subject)) STORED,
  search_vector               tsvector GENERATED ALWAYS AS (to_tsvector('simple', fold_text('T-' || lpad(number_key::text, greatest(6, char_length(number_key::text)), '0') || ' ' || subject || ' ' || left(description, 10000)))) STORED,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT tickets_number_unique UNIQUE (organization_id, number_key),
  CONSTRAINT tickets_resolved CHECK ((status IN ('resolved', 'closed')) = (resolved_at IS NOT NULL)),
  CONSTRAINT tickets_closed CHECK ((status = 'closed') = (closed_at IS NOT NULL)),
  CONSTRAINT tickets_in_order CHECK (first_responded_at >= opened_at AND resolved_at >= opened_at AND closed_at >= resolved_at),
  CONSTRAINT tickets_clock_runs CHECK ((status IN ('open', 'in_progress')) = (sla_running_since IS NOT NULL)),
  CONSTRAINT tickets_merged CHECK (merged_into_id <> id AND (merged_into_id IS NULL OR status = 'closed')),
  FOREIGN KEY (organization_id, company_id) REFERENCES companies (organization_id, id) ON DELETE SET NULL (company_id),
  FOREIGN KEY (organization_id, contact_id) REFERENCES contacts (organization_id, id) ON DELETE SET NULL (contact_id),
  FOREIGN KEY (organization_id, assigned_to_id) REFERENCES memberships (organization_id, user_id) ON DELETE SET NULL (assigned_to_id),
  FOREIGN KEY (organization_id, sla_policy_id) REFERENCES sla_policies (organization_id, id) ON DELETE SET NULL (sla_policy_id),
  FOREIGN KEY (organization_id, merged_into_id) REFERENCES tickets (organization_id, id) ON DELETE SET NULL (merged_into_id)
);
CALL index_fields('tickets', ARRAY['number', 'subject', 'status', 'priority', 'category', 'channel', 'company_id', 'contact_id', 'sla_policy_id', 'opened_at',
  'first_response_due_at', 'first_responded_at', 'sla_due_at', 'resolved_at', 'closed_at', 'sla_breached_at', 'merged_into_id', 'created_at', 'updated_at'], 'deleted_at IS NULL');
CREATE INDEX tickets_assigned_to_id ON tickets (organization_id, assigned_to_id, sla_due_at, id) WHERE deleted_at IS NULL;
ALTER TABLE tickets ALTER COLUMN assigned_to_id SET STATISTICS 1000;
-- What has to be done, the most pressing first: a fraction of all there ever were.
CREATE INDEX tickets_pressing ON tickets (organization_id, sla_due_at, id) WHERE deleted_at IS NULL AND status IN ('open', 'in_progress');
CREATE INDEX tickets_alerts ON tickets (organization_id, sla_alert_key) WHERE sla_alert_key IS NOT NULL;
CREATE INDEX tickets_deleted ON tickets (organization_id, deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX tickets_search_text ON tickets USING gin (organization_id, search_text gin_trgm_ops);
CREATE INDEX tickets_search_vector ON tickets USING gin (organization_id, search_vector);

-- What is said in a ticket: to the customer and by them, or among ourselves.
CREATE TABLE ticket_comments (
  organization_id  uuid NOT NULL,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  ticket_id        uuid NOT NULL,
  comment          text NOT NULL CHECK (char_length(comment) BETWEEN 1 AND 50000),
  is_internal      boolean NOT NULL DEFAULT false,
  -- Whose words these are; kept by trigger.
  author_kind      text NOT NULL DEFAULT 'system' CHECK (author_kind IN ('agent', 'customer', 'system')),
  -- The customer's person whose words somebody else wrote down.
  contact_id       uuid,
  created_at       timestamptz NOT NULL DEFAULT now(),
  updated_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid,
  updated_by       uuid,
  version          bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT ticket_comments_internal CHECK (NOT is_internal OR author_kind <> 'customer'),
  FOREIGN KEY (organization_id, ticket_id) REFERENCES tickets (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, contact_id) REFERENCES contacts (organization_id, id) ON DELETE SET NULL (contact_id)
);
CREATE INDEX ticket_comments_ticket_id ON ticket_comments (organization_id, ticket_id, created_at, id);
CALL index_fields('ticket_comments', ARRAY['is_internal', 'author_kind', 'contact_id', 'created_by', 'created_at', 'updated_at'], NULL);

-- Numbers without gaps, for one row and for thousands: a statement takes them in growing blocks, and what is left of the
-- last goes back when it ends. The series stays locked until the transaction ends, so nobody else sees the difference.
-- In hand: organization, next number, how many, how many to take then.
CREATE FUNCTION number_ticket() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  hand text[] := string_to_array(nullif(current_setting('kith.ticket_numbers', true), ''), ' ');
  following bigint;
  remaining bigint;
  block bigint;
BEGIN
  IF hand[1] IS DISTINCT FROM NEW.organization_id::text THEN
    PERFORM return_ticket_numbers();
    hand := ARRAY[NEW.organization_id::text, '0', '0', '1'];
  END IF;
  following := hand[2]::bigint;
  remaining := hand[3]::bigint;
  block := hand[4]::bigint;
  IF remaining = 0 THEN
    following := take_numbers(NEW.organization_id, 'ticket', 0, block);
    remaining := block;
    block := least(block * 2, 1024);
  END IF;
  NEW.number_key := following;
  PERFORM set_config('kith.ticket_numbers', concat_ws(' ', NEW.organization_id, following + 1, remaining - 1, block), true);
  RETURN NEW;
END
$$;

CREATE FUNCTION return_ticket_numbers() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  hand text[] := string_to_array(nullif(current_setting('kith.ticket_numbers', true), ''), ' ');
BEGIN
  IF hand[3]::bigint > 0 THEN
    UPDATE number_series s SET last_number = s.last_number - hand[3]::bigint WHERE s.organization_id = hand[1]::uuid AND s.series = 'ticket' AND s.period = 0;
  END IF;
  PERFORM set_config('kith.ticket_numbers', '', true);
END
$$;

-- What a statement has in hand could be written by whoever reaches the database as the application, so the sum is checked.
CREATE FUNCTION finish_ticket_numbers() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM return_ticket_numbers();
  IF EXISTS (
    SELECT 1 FROM new_rows n LEFT JOIN number_series s ON s.organization_id = n.organization_id AND s.series = 'ticket' AND s.period = 0
    GROUP BY n.organization_id, s.last_number
    HAVING max(n.number_key) IS DISTINCT FROM s.last_number OR count(*) <> max(n.number_key) - min(n.number_key) + 1
  ) THEN
    RAISE EXCEPTION 'Ticket numbers are given one after another.' USING ERRCODE = 'KT403', COLUMN = 'number';
  END IF;
  RETURN NULL;
END
$$;

-- Whether the acting member is of the customer's side: whoever may not read what we say among ourselves.
CREATE FUNCTION acts_as_customer() RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN access_scope('internal_comments', 'read') IS NULL;
END
$$;

-- What a customer's own ticket may say. How it is worked is not theirs to set.
CREATE FUNCTION check_customer_ticket() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
  field text;
BEGIN
  IF current_user <> 'kith_app' OR NOT acts_as_customer() THEN
    RETURN NEW;
  END IF;
  NEW.channel := 'portal';
  field := CASE
    WHEN NEW.company_id IS NULL OR NOT NEW.company_id = ANY (my_company_ids()) THEN 'company_id'
    WHEN NEW.status <> 'open' THEN 'status'
    WHEN NEW.assigned_to_id IS NOT NULL THEN 'assigned_to_id'
    WHEN NEW.contact_id IS NOT NULL THEN 'contact_id'
    WHEN NEW.opened_at <> now() THEN 'opened_at'
    WHEN NEW.first_responded_at IS NOT NULL THEN 'first_responded_at'
    WHEN NEW.tags <> '{}' THEN 'tags'
  END;
  IF field = 'company_id' THEN
    RAISE EXCEPTION 'Give the company that the ticket is about; it must be one that you belong to.' USING ERRCODE = 'KT422', COLUMN = field;
  ELSIF field IS NOT NULL THEN
    RAISE EXCEPTION 'This is set by those who work on the ticket. Leave it empty.' USING ERRCODE = 'KT403', COLUMN = field;
  END IF;
  RETURN NEW;
END
$$;

-- For how many days a ticket that is done can be opened again; 14 unless the organization says otherwise.
CREATE FUNCTION ticket_reopen_days(of_organization uuid) RETURNS integer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN coalesce((SELECT CASE WHEN settings ->> 'ticket_reopen_days' ~ '^[0-9]{1,4}$' THEN (settings ->> 'ticket_reopen_days')::integer END
    FROM organizations WHERE id = of_organization), 14);
END
$$;

-- What follows from the status: when the ticket was resolved and closed, and whether it may be opened again. A ticket that
-- becomes part of another is closed for good.
CREATE FUNCTION update_ticket_resolution() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  moment constant timestamptz := now();
  done constant boolean := NEW.status IN ('resolved', 'closed');
  was_done constant boolean := TG_OP = 'UPDATE' AND OLD.status IN ('resolved', 'closed');
  days integer;
  target tickets;
BEGIN
  IF NEW.company_id IS NULL AND NEW.contact_id IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.contact_id IS DISTINCT FROM OLD.contact_id) THEN
    NEW.company_id := (SELECT c.company_id FROM contacts c WHERE c.organization_id = NEW.organization_id AND c.id = NEW.contact_id);
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF NEW.opened_at > moment + interval '5 minutes' THEN
      RAISE EXCEPTION 'A ticket cannot be opened in the future.' USING ERRCODE = 'KT422', COLUMN = 'opened_at';
    END IF;
    -- Clocks differ a little.
    NEW.opened_at := least(coalesce(NEW.opened_at, moment), moment);
    IF done THEN
      NEW.resolved_at := coalesce(NEW.resolved_at, NEW.closed_at, moment);
    END IF;
    IF NEW.status = 'closed' THEN
      NEW.closed_at := coalesce(NEW.closed_at, NEW.resolved_at);
    END IF;
    RETURN NEW;
  END IF;
  NEW.opened_at := OLD.opened_at;
  NEW.number_key := OLD.number_key;
  IF NEW.merged_into_id IS DISTINCT FROM OLD.merged_into_id THEN
    SELECT * INTO target FROM tickets t WHERE t.organization_id = OLD.organization_id AND t.id = coalesce(OLD.merged_into_id, NEW.merged_into_id) FOR SHARE;
    IF OLD.merged_into_id IS NOT NULL AND FOUND THEN
      RAISE EXCEPTION 'This ticket was merged into % already.', target.number USING ERRCODE = 'KT409', COLUMN = 'into';
    ELSIF NEW.merged_into_id IS NOT NULL AND (target.id IS NULL OR target.deleted_at IS NOT NULL OR NEW.merged_into_id = NEW.id) THEN
      RAISE EXCEPTION 'must be another ticket that is there' USING ERRCODE = 'KT422', COLUMN = 'into';
    ELSIF target.merged_into_id IS NOT NULL THEN
      RAISE EXCEPTION '% was itself merged into another ticket. Merge into that one.', target.number USING ERRCODE = 'KT409', COLUMN = 'into';
    ELSIF OLD.company_id IS NOT NULL AND target.company_id IS DISTINCT FROM OLD.company_id THEN
      -- What one customer said would be shown to another.
      RAISE EXCEPTION 'The tickets belong to different companies. Give them the same company first.' USING ERRCODE = 'KT409', COLUMN = 'into';
    END IF;
    IF NEW.merged_into_id IS NOT NULL THEN
      NEW.status := 'closed';
      NEW.resolved_at := coalesce(OLD.resolved_at, moment);
      NEW.closed_at := coalesce(OLD.closed_at, moment);
    END IF;
    RETURN NEW;
  END IF;
  IF NEW.status = OLD.status THEN
    RETURN NEW;
  END IF;
  IF OLD.merged_into_id IS NOT NULL THEN
    RAISE EXCEPTION 'This ticket was merged into %. Go on there.', (SELECT t.number FROM tickets t WHERE t.organization_id = OLD.organization_id AND t.id = OLD.merged_into_id)
      USING ERRCODE = 'KT409', COLUMN = 'status';
  END IF;
  IF was_done AND NOT done THEN
    days := ticket_reopen_days(NEW.organization_id);
    IF moment > coalesce(OLD.closed_at, OLD.resolved_at) + make_interval(days => days) THEN
      RAISE EXCEPTION 'This ticket has been done for more than % days and stays so. Open a new ticket that names %.', days, OLD.number
        USING ERRCODE = 'KT409', COLUMN = 'status';
    END IF;
    NEW.reopened_count := OLD.reopened_count + 1;
    NEW.resolved_at := NULL;
    NEW.closed_at := NULL;
  ELSIF done THEN
    NEW.resolved_at := CASE WHEN was_done THEN OLD.resolved_at ELSE moment END;
    NEW.closed_at := CASE WHEN NEW.status = 'closed' THEN moment END;
  END IF;
  RETURN NEW;
END
$$;

-- The clock of what was promised. It runs while the ticket is open or in progress, over business time, and stands while we
-- wait for the customer; the time used is kept, and the due times follow from it whenever the clock starts or the priority
-- changes. Policies and hours that change later count from then on.
CREATE FUNCTION run_ticket_clock() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  moment constant timestamptz := now();
  runs constant boolean := NEW.status IN ('open', 'in_progress');
  made constant boolean := TG_OP = 'INSERT';
  responded boolean;
  policy sla_policies;
  hours business_hours;
  moments timestamptz[];
  first_response bigint;
  resolution bigint;
BEGIN
  responded := NEW.first_responded_at IS NOT NULL AND (made OR OLD.first_responded_at IS NULL);
  IF NOT made AND NOT responded AND NEW.status = OLD.status AND NEW.priority = OLD.priority THEN
    RETURN NEW;
  END IF;
  IF NOT made AND NEW.priority = OLD.priority AND NEW.sla_policy_id IS NOT NULL THEN
    SELECT * INTO policy FROM sla_policies p WHERE p.organization_id = NEW.organization_id AND p.id = NEW.sla_policy_id;
  ELSE
    SELECT * INTO policy FROM sla_policies p WHERE p.organization_id = NEW.organization_id AND p.priority = NEW.priority AND p.is_active;
    NEW.sla_policy_id := policy.id;
  END IF;
  SELECT * INTO hours FROM business_hours h WHERE h.organization_id = NEW.organization_id AND h.id = policy.business_hours_id;
  first_response := policy.first_response_minutes::bigint * 60;
  resolution := policy.resolution_minutes::bigint * 60;
  IF made THEN
    NEW.sla_running_since := NEW.opened_at;
    NEW.sla_used_seconds := 0;
  END IF;
  -- Where the running clock points.
  IF NEW.sla_running_since IS NOT NULL AND policy.id IS NOT NULL AND (runs OR made) AND (made OR NEW.priority <> OLD.priority) THEN
    moments := due_moments(hours, policy, NEW.sla_running_since, NEW.sla_used_seconds);
  END IF;
  IF responded THEN
    NEW.first_response_seconds := NEW.sla_used_seconds + CASE WHEN NEW.sla_running_since IS NULL THEN 0
      ELSE business_seconds(hours, NEW.sla_running_since, NEW.first_responded_at) END;
    NEW.first_response_met := NEW.first_response_seconds <= first_response;
  END IF;
  IF NEW.sla_running_since IS NOT NULL AND NOT runs THEN
    NEW.sla_used_seconds := NEW.sla_used_seconds
      + business_seconds(hours, NEW.sla_running_since, CASE WHEN made THEN coalesce(NEW.resolved_at, moment) ELSE moment END);
    NEW.sla_running_since := NULL;
  ELSIF NEW.sla_running_since IS NULL AND runs THEN
    NEW.sla_running_since := moment;
    IF policy.id IS NOT NULL THEN
      moments := due_moments(hours, policy, moment, NEW.sla_used_seconds);
    END IF;
  END IF;
  IF NOT runs AND NEW.status <> 'waiting_customer' THEN
    NEW.resolution_met := NEW.sla_used_seconds <= resolution;
  ELSE
    NEW.resolution_met := NULL;
  END IF;
  IF policy.id IS NULL OR NEW.status = 'waiting_customer' THEN
    NEW.sla_due_at := NULL;
    NEW.sla_warning_key := NULL;
    IF NEW.first_responded_at IS NULL OR made THEN
      NEW.first_response_due_at := NULL;
      NEW.first_response_warning_key := NULL;
    END IF;
  ELSIF moments IS NOT NULL THEN
    NEW.sla_due_at := moments[3];
    NEW.sla_warning_key := moments[4];
    IF NEW.first_responded_at IS NULL OR made THEN
      NEW.first_response_due_at := moments[1];
      NEW.first_response_warning_key := moments[2];
    END IF;
  END IF;
  IF made THEN
    -- What was late when it came to us (an import, a call written down the day after) is no news.
    NEW.first_response_breached_at := CASE WHEN NEW.first_response_due_at < moment THEN NEW.first_response_due_at END;
    NEW.first_response_warned_at := CASE WHEN NEW.first_response_warning_key < moment THEN NEW.first_response_warning_key END;
    NEW.sla_breached_at := CASE WHEN NEW.sla_due_at < coalesce(NEW.resolved_at, moment) THEN NEW.sla_due_at END;
    NEW.sla_warned_at := CASE WHEN NEW.sla_warning_key < coalesce(NEW.resolved_at, moment) THEN NEW.sla_warning_key END;
    IF NEW.first_responded_at <= NEW.first_response_due_at THEN
      NEW.first_response_breached_at := NULL;
    END IF;
  END IF;
  RETURN NEW;
END
$$;

-- When the first response and the resolution are due and when to warn of each, with so many seconds used before `start`.
CREATE FUNCTION due_moments(hours business_hours, policy sla_policies, start timestamptz, used bigint) RETURNS timestamptz[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
  moments timestamptz[] := business_moments(hours, start, ARRAY[
    policy.first_response_minutes::bigint * 60 - used, policy.first_response_minutes::bigint * 60 * policy.warning_percent / 100 - used,
    policy.resolution_minutes::bigint * 60 - used, policy.resolution_minutes::bigint * 60 * policy.warning_percent / 100 - used]);
BEGIN
  IF policy.warning_percent = 0 THEN
    moments[2] := NULL;
    moments[4] := NULL;
  END IF;
  RETURN moments;
END
$$;

-- The people among whom tickets are given out: the active members of the team that the organization names
-- (`ticket_team_id`), or else everyone of the role support, or else whoever works on all tickets.
CREATE FUNCTION ticket_agents(of_organization uuid) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  team text := (SELECT settings ->> 'ticket_team_id' FROM organizations WHERE id = of_organization);
  agents record;
BEGIN
  SELECT array_agg(m.user_id ORDER BY m.user_id) FILTER (WHERE t.user_id IS NOT NULL) AS of_team,
    array_agg(m.user_id ORDER BY m.user_id) FILTER (WHERE r.key = 'support') AS of_role,
    array_agg(m.user_id ORDER BY m.user_id) FILTER (WHERE p.scope = 'all') AS of_all
  INTO agents
  FROM memberships m
  JOIN users u ON u.id = m.user_id AND u.is_active
  JOIN roles r ON r.organization_id = m.organization_id AND r.id = m.role_id
  JOIN role_permissions p ON p.organization_id = m.organization_id AND p.role_id = m.role_id AND p.resource = 'tickets' AND p.action = 'update'
  LEFT JOIN team_members t ON t.organization_id = m.organization_id AND t.user_id = m.user_id AND t.team_id::text = team
  WHERE m.organization_id = of_organization AND m.status = 'active';
  RETURN coalesce(CASE WHEN team IS NOT NULL THEN agents.of_team END, agents.of_role, agents.of_all, '{}');
END
$$;

-- When each agent's last turn was.
CREATE TABLE ticket_turns (
  organization_id  uuid NOT NULL,
  user_id          uuid NOT NULL,
  turn             bigint NOT NULL,
  PRIMARY KEY (organization_id, user_id),
  FOREIGN KEY (organization_id, user_id) REFERENCES memberships (organization_id, user_id) ON DELETE CASCADE
);
CALL forbid_by_default('ticket_turns');

-- Who is next: by turns, or whoever has the fewest open tickets. Whoever asks waits for whoever is asking already, by a
-- lock of the transaction on the organization's row, and then counts what is committed. Null when there is nobody.
CREATE FUNCTION next_ticket_agent(of_organization uuid, strategy text) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  chosen uuid;
BEGIN
  PERFORM 1 FROM organizations WHERE id = of_organization FOR NO KEY UPDATE;
  SELECT a.agent INTO chosen
  FROM unnest(ticket_agents(of_organization)) a (agent)
  LEFT JOIN ticket_turns t ON t.organization_id = of_organization AND t.user_id = a.agent
  LEFT JOIN LATERAL (
    SELECT count(*) AS open FROM tickets o
    WHERE strategy = 'least_loaded' AND o.organization_id = of_organization AND o.assigned_to_id = a.agent
      AND o.status IN ('open', 'in_progress', 'waiting_customer') AND o.deleted_at IS NULL) load ON true
  ORDER BY load.open, t.turn NULLS FIRST, a.agent
  LIMIT 1;
  IF chosen IS NOT NULL THEN
    INSERT INTO ticket_turns AS t (organization_id, user_id, turn)
    SELECT of_organization, chosen, coalesce(max(o.turn), 0) + 1 FROM ticket_turns o WHERE o.organization_id = of_organization
    ON CONFLICT (organization_id, user_id) DO UPDATE SET turn = excluded.turn;
  END IF;
  RETURN chosen;
END
$$;

-- The same for whoever may give tickets to others.
CREATE FUNCTION pick_ticket_agent(strategy text) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF access_scope('tickets', 'assign') IS NULL THEN
    RAISE EXCEPTION 'You may not give tickets to others.' USING ERRCODE = 'KT403', COLUMN = 'assigned_to_id';
  END IF;
  RETURN next_ticket_agent(current_organization_id(), strategy);
END
$$;

-- A new ticket that nobody has goes to whoever is next, where the organization wants that; not those of an import, and not
-- those of someone who would lose sight of what they just wrote.
CREATE FUNCTION give_out_ticket() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  strategy text;
BEGIN
  IF NEW.assigned_to_id IS NOT NULL OR NEW.status <> 'open' OR current_setting('kith.origin', true) = 'import'
    OR current_user_id() IS NOT NULL AND NOT acts_as_customer() AND access_scope('tickets', 'read') IS DISTINCT FROM 'all' THEN
    RETURN NEW;
  END IF;
  SELECT settings ->> 'ticket_assignment' INTO strategy FROM organizations WHERE id = NEW.organization_id;
  IF strategy IN ('round_robin', 'least_loaded') THEN
    NEW.assigned_to_id := next_ticket_agent(NEW.organization_id, strategy);
  END IF;
  RETURN NEW;
END
$$;

-- The comments of a ticket that was merged go to the other, with a word of what it was about.
CREATE FUNCTION move_merged_comments() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  -- The triggers of comments come back to tickets.
  IF NOT EXISTS (SELECT 1 FROM new_rows n JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id
    WHERE n.merged_into_id IS DISTINCT FROM o.merged_into_id) THEN
    RETURN NULL;
  END IF;
  WITH merged AS (
    SELECT n.* FROM new_rows n JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id
    WHERE n.merged_into_id IS NOT NULL AND o.merged_into_id IS NULL
  ), moved AS (
    UPDATE ticket_comments c SET ticket_id = m.merged_into_id FROM merged m
    WHERE c.organization_id = m.organization_id AND c.ticket_id = m.id
  )
  INSERT INTO ticket_comments (organization_id, ticket_id, comment, is_internal, created_by)
  SELECT m.organization_id, m.merged_into_id, left(format(E'%s was merged into this ticket: %s\n\n%s', m.number, m.subject, m.description), 50000), true, current_user_id()
  FROM merged m;
  RETURN NULL;
END
$$;

-- Whose words a comment is.
CREATE FUNCTION sign_ticket_comment() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  NEW.author_kind := CASE
    WHEN NEW.contact_id IS NOT NULL THEN 'customer'
    WHEN current_user_id() IS NULL OR current_user <> 'kith_app' THEN 'system'
    WHEN acts_as_customer() THEN 'customer'
    ELSE 'agent' END;
  IF NEW.author_kind = 'customer' AND NEW.is_internal THEN
    RAISE EXCEPTION 'What a customer says is no internal comment.' USING ERRCODE = 'KT422', COLUMN = 'is_internal';
  END IF;
  RETURN NEW;
END
$$;

-- What a public comment does to its ticket. Our first one is the first response; ours takes the ticket up or, where the
-- organization wants that (`ticket_wait_after_reply`), waits for the customer; theirs ends the waiting and opens again
-- what was done. What an import brings happened long ago.
CREATE FUNCTION answer_tickets() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  pointer text;
BEGIN
  SELECT w.number INTO pointer FROM new_rows n
  JOIN tickets t ON t.organization_id = n.organization_id AND t.id = n.ticket_id
  JOIN tickets w ON w.organization_id = t.organization_id AND w.id = t.merged_into_id
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'This ticket was merged into %. Comment there.', pointer USING ERRCODE = 'KT409', COLUMN = 'ticket_id';
  END IF;
  IF current_setting('kith.origin', true) = 'import' OR NOT EXISTS (SELECT 1 FROM new_rows n WHERE NOT n.is_internal AND n.author_kind <> 'system') THEN
    RETURN NULL;
  END IF;
  UPDATE tickets t SET first_responded_at = s.first_responded_at, status = s.status
  FROM (
    SELECT t.organization_id, t.id, coalesce(t.first_responded_at, said.answered) AS first_responded_at,
      CASE
        WHEN said.last = 'customer' AND t.status IN ('waiting_customer', 'resolved', 'closed') THEN CASE WHEN t.assigned_to_id IS NULL THEN 'open' ELSE 'in_progress' END
        WHEN said.last = 'agent' AND t.status IN ('open', 'in_progress') THEN
          CASE WHEN o.settings -> 'ticket_wait_after_reply' = 'true' THEN 'waiting_customer' ELSE 'in_progress' END
        ELSE t.status END AS status
    FROM (
      SELECT n.organization_id, n.ticket_id, min(n.created_at) FILTER (WHERE n.author_kind = 'agent') AS answered,
        (array_agg(n.author_kind ORDER BY n.created_at DESC, n.id DESC))[1] AS last
      FROM new_rows n WHERE NOT n.is_internal AND n.author_kind <> 'system' GROUP BY n.organization_id, n.ticket_id
    ) said
    JOIN tickets t ON t.organization_id = said.organization_id AND t.id = said.ticket_id
    JOIN organizations o ON o.id = t.organization_id
  ) s
  WHERE t.organization_id = s.organization_id AND t.id = s.id
    AND (t.first_responded_at, t.status) IS DISTINCT FROM (s.first_responded_at, s.status);
  PERFORM tell_people(ARRAY[t.assigned_to_id], 'conversation', t.number || ': the customer replied', left(n.comment, 500), 'info', 'ticket', t.id)
  FROM new_rows n JOIN tickets t ON t.organization_id = n.organization_id AND t.id = n.ticket_id
  WHERE n.author_kind = 'customer' AND t.assigned_to_id IS NOT NULL;
  RETURN NULL;
END
$$;

-- Tells people something, where the notifications are there.
CREATE FUNCTION tell_people(users uuid[], kind text, title text, message text, type text, entity text, record uuid) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF to_regprocedure('notify(uuid[], text, text, text, text, text, uuid)') IS NOT NULL THEN
    EXECUTE 'SELECT notify($1, $2, $3, $4, $5, $6, $7)' USING users, kind, title, message, type, entity, record;
  END IF;
END
$$;

-- Warns of what is nearly late and tells of what is, each once: a change of the ticket (so an event that names
-- sla_warned_at, sla_breached_at and the like), an activity and a notification to whoever has it, or to all agents while
-- nobody does. Answers how many tickets it concerned, `bound` at most.
CREATE FUNCTION send_sla_alerts(moment timestamptz, bound integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  organization constant uuid := current_organization_id();
  alert record;
  told bigint := 0;
  agents constant uuid[] := ticket_agents(organization);
BEGIN
  PERFORM require_no_user();
  FOR alert IN
    WITH due AS (
      SELECT t.* FROM tickets t WHERE t.organization_id = organization AND t.sla_alert_key <= moment
      ORDER BY t.sla_alert_key LIMIT bound FOR NO KEY UPDATE SKIP LOCKED
    ), facts AS (
      SELECT d.id, d.number, d.subject, d.assigned_to_id,
        d.first_responded_at IS NULL AND d.first_response_breached_at IS NULL AND d.first_response_due_at <= moment AS response_breach,
        d.first_responded_at IS NULL AND d.first_response_warned_at IS NULL AND d.first_response_warning_key <= moment AS response_warning,
        d.sla_breached_at IS NULL AND d.sla_due_at <= moment AS breach,
        d.sla_warned_at IS NULL AND d.sla_warning_key <= moment AS warning
      FROM due d
    ), changed AS (
      UPDATE tickets t SET
        first_response_breached_at = CASE WHEN f.response_breach THEN moment ELSE t.first_response_breached_at END,
        -- Whoever is late needs no warning any more.
        first_response_warned_at = CASE WHEN f.response_warning OR f.response_breach THEN coalesce(t.first_response_warned_at, moment) ELSE t.first_response_warned_at END,
        sla_breached_at = CASE WHEN f.breach THEN moment ELSE t.sla_breached_at END,
        sla_warned_at = CASE WHEN f.warning OR f.breach THEN coalesce(t.sla_warned_at, moment) ELSE t.sla_warned_at END
      FROM facts f WHERE t.organization_id = organization AND t.id = f.id
    )
    SELECT * FROM facts
  LOOP
    told := told + 1;
    PERFORM tell_people(CASE WHEN alert.assigned_to_id IS NULL THEN agents ELSE ARRAY[alert.assigned_to_id] END, m.kind, m.title, alert.subject, m.type, 'ticket', alert.id)
    FROM (VALUES
      (alert.response_breach, 'sla_breach', alert.number || ': the first response is overdue', 'error'),
      (alert.response_warning AND NOT alert.response_breach, 'sla_warning', alert.number || ': the first response is due soon', 'warning'),
      (alert.breach, 'sla_breach', alert.number || ': the resolution is overdue', 'error'),
      (alert.warning AND NOT alert.breach, 'sla_warning', alert.number || ': the resolution is due soon', 'warning')) m (wanted, kind, title, type)
    WHERE m.wanted;
  END LOOP;
  RETURN told;
END
$$;

-- The organizations in which something has to be told.
CREATE FUNCTION organizations_with_sla_alerts(moment timestamptz) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_no_user();
  RETURN QUERY SELECT o.id FROM organizations o
    WHERE EXISTS (SELECT 1 FROM tickets t WHERE t.organization_id = o.id AND t.sla_alert_key <= moment);
END
$$;

-- In the timeline a public comment is said in its ticket, what was promised and missed is said in words, and a merge is one.
-- An internal comment stays with itself, where only those see it who see the comment.
CREATE FUNCTION tell_of_tickets() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  fields text[] := ARRAY(SELECT jsonb_array_elements_text(CASE jsonb_typeof(NEW.metadata -> 'fields') WHEN 'array' THEN NEW.metadata -> 'fields' ELSE '[]' END));
  people_know text[];
  ticket record;
BEGIN
  IF NEW.entity_type = 'ticket_comment' THEN
    SELECT t.id, t.subject INTO ticket
    FROM ticket_comments c JOIN tickets t ON t.organization_id = c.organization_id AND t.id = c.ticket_id
    WHERE c.organization_id = NEW.organization_id AND c.id = NEW.entity_id AND NOT c.is_internal;
    IF FOUND THEN
      NEW.metadata := NEW.metadata || jsonb_build_object('entity', 'ticket_comment', 'id', NEW.entity_id, 'action', NEW.type);
      NEW.entity_type := 'ticket';
      NEW.entity_id := ticket.id;
      NEW.subject := ticket.subject;
      NEW.type := 'commented';
      IF 'ticket_id' = ANY (fields) THEN
        NEW.description := 'Moved here with a ticket that was merged';
      END IF;
    END IF;
    RETURN NEW;
  END IF;
  IF 'merged_into_id' = ANY (fields) THEN
    NEW.type := 'merged';
    NEW.description := (SELECT 'Merged into ' || w.number FROM tickets t JOIN tickets w ON w.organization_id = t.organization_id AND w.id = t.merged_into_id
      WHERE t.organization_id = NEW.organization_id AND t.id = NEW.entity_id);
  ELSIF NEW.type = 'updated' THEN
    people_know := ARRAY(SELECT f FROM unnest(fields) f WHERE f NOT LIKE 'sla\_%' AND f NOT LIKE 'first\_response\_%');
    IF cardinality(people_know) > 0 THEN
      NEW.description := 'Changed ' || replace(regexp_replace(array_to_string(people_know, ', '), '_id\M', '', 'g'), '_', ' ');
    ELSE
      NEW.type := 'system';
      NEW.description := CASE
        WHEN 'sla_breached_at' = ANY (fields) THEN 'The resolution is overdue'
        WHEN 'first_response_breached_at' = ANY (fields) THEN 'The first response is overdue'
        WHEN 'sla_warned_at' = ANY (fields) THEN 'The resolution is due soon'
        WHEN 'first_response_warned_at' = ANY (fields) THEN 'The first response is due soon'
        ELSE NEW.description END;
    END IF;
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER activities_of_tickets BEFORE INSERT ON activities
  FOR EACH ROW WHEN (NEW.entity_type IN ('ticket', 'ticket_comment')) EXECUTE FUNCTION tell_of_tickets();

-- Whoever reads all of an entity's records by their scope, but needs another permission for some of them, does not read it in
-- full: for those each record is asked.
ALTER TABLE record_tables ADD COLUMN also_needs text;
CREATE OR REPLACE FUNCTION entities_read_in_full() RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN ARRAY(SELECT r.entity FROM record_tables r
    WHERE access_scope(r.resource, 'read') = 'all' AND (r.also_needs IS NULL OR access_scope(r.also_needs, 'read') IS NOT NULL));
END
$$;

-- Permissions and the roles' defaults (MODEL §3).
CALL declare_resource('tickets', ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk', 'assign']);
CALL declare_resource('ticket_comments', ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk']);
CALL declare_resource('internal_comments', ARRAY['create', 'read']);
CALL declare_resource('sla_policies', ARRAY['create', 'read', 'update', 'delete', 'import', 'export']);
DO $$
DECLARE key text;
BEGIN
  FOREACH key IN ARRAY ARRAY['manager', 'support'] LOOP
    CALL default_grant(key, ARRAY['tickets'], ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk', 'assign'], 'all');
    CALL default_grant(key, ARRAY['ticket_comments'], ARRAY['create', 'read', 'import', 'export', 'bulk'], 'all');
  END LOOP;
  CALL default_grant('manager', ARRAY['ticket_comments'], ARRAY['update', 'delete'], 'all');
  CALL default_grant('support', ARRAY['ticket_comments'], ARRAY['update', 'delete'], 'assigned');
  CALL default_grant('manager', ARRAY['sla_policies'], ARRAY['create', 'read', 'update', 'delete', 'import', 'export'], 'all');
  CALL default_grant('sales', ARRAY['tickets'], ARRAY['create'], 'all');
  CALL default_grant('sales', ARRAY['tickets'], ARRAY['read'], 'assigned_or_unowned');
  CALL default_grant('sales', ARRAY['tickets'], ARRAY['update', 'export'], 'assigned');
  CALL default_grant('member', ARRAY['tickets'], ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk'], 'assigned');
  FOREACH key IN ARRAY ARRAY['sales', 'member'] LOOP
    CALL default_grant(key, ARRAY['ticket_comments'], ARRAY['create', 'read', 'export'], 'assigned');
    CALL default_grant(key, ARRAY['ticket_comments'], ARRAY['update', 'delete'], 'assigned');
  END LOOP;
  CALL default_grant('viewer', ARRAY['tickets', 'ticket_comments'], ARRAY['read'], 'all');
  FOREACH key IN ARRAY ARRAY['manager', 'sales', 'support', 'member'] LOOP
    CALL default_grant(key, ARRAY['internal_comments'], ARRAY['create', 'read'], 'all');
  END LOOP;
  CALL default_grant('viewer', ARRAY['internal_comments'], ARRAY['read'], 'all');
  CALL default_grant('finance', ARRAY['internal_comments'], ARRAY['read'], 'all');
  FOREACH key IN ARRAY ARRAY['sales', 'support', 'member', 'viewer'] LOOP
    CALL default_grant(key, ARRAY['sla_policies'], ARRAY['read'], 'all');
  END LOOP;
  FOREACH key IN ARRAY ARRAY['client_admin', 'client_member'] LOOP
    CALL default_grant(key, ARRAY['tickets', 'ticket_comments'], ARRAY['create', 'read'], 'assigned');
  END LOOP;
  CALL default_grant('client_viewer', ARRAY['tickets', 'ticket_comments'], ARRAY['read'], 'assigned');
END
$$;
SELECT apply_role_defaults(NULL, resource) FROM unnest(ARRAY['tickets', 'ticket_comments', 'internal_comments', 'sla_policies']) resource;

CALL protect_shared('business_hours', 'sla_policies');
CALL protect_shared('holidays', 'sla_policies');
CALL protect_shared('sla_policies', 'sla_policies');
CALL protect_owned('tickets', 'tickets', ARRAY['assigned_to_id'], 'company_id');
-- What the database works out nobody writes.
REVOKE INSERT, UPDATE ON tickets FROM kith_app;
GRANT INSERT (organization_id, id, subject, description, status, priority, category, channel, company_id, contact_id, assigned_to_id, opened_at,
  first_responded_at, resolved_at, closed_at, tags, custom_fields, created_by) ON tickets TO kith_app;
GRANT UPDATE (subject, description, status, priority, category, channel, company_id, contact_id, assigned_to_id, merged_into_id, tags, custom_fields, deleted_at)
  ON tickets TO kith_app;

-- A comment is seen with its ticket; an internal one by those alone who may read what we say among ourselves. What one wrote
-- oneself one may change, and with the scope `all` what others wrote.
CALL forbid_by_default('ticket_comments');
INSERT INTO record_access VALUES ('ticket_comments', 'through', '{}', NULL);
DO $$
DECLARE
  visible constant text := $c$organization_id = current_organization_id() AND (SELECT access_scope('ticket_comments', '%s')) IS NOT NULL
    AND (NOT is_internal OR (SELECT access_scope('internal_comments', '%s')) IS NOT NULL)
    AND ((SELECT access_scope('tickets', 'read')) = 'all'
      OR EXISTS (SELECT 1 FROM tickets t WHERE t.organization_id = ticket_comments.organization_id AND t.id = ticket_comments.ticket_id))$c$;
BEGIN
  EXECUTE format('CREATE POLICY ticket_comments_read ON ticket_comments FOR SELECT TO kith_app USING (%s)', format(visible, 'read', 'read'));
  EXECUTE format('CREATE POLICY ticket_comments_create ON ticket_comments FOR INSERT TO kith_app WITH CHECK (created_by = (SELECT current_user_id()) AND %s)',
    format(visible, 'create', 'create'));
  EXECUTE format('CREATE POLICY ticket_comments_update ON ticket_comments FOR UPDATE TO kith_app USING ((%1$s) AND %2$s) WITH CHECK ((%1$s) AND %2$s)',
    scope_condition('ticket_comments', 'update', ARRAY['created_by'], NULL, false), format(visible, 'update', 'read'));
  EXECUTE format('CREATE POLICY ticket_comments_delete ON ticket_comments FOR DELETE TO kith_app USING ((%s) AND %s)',
    scope_condition('ticket_comments', 'delete', ARRAY['created_by'], NULL, false), format(visible, 'delete', 'read'));
END
$$;
GRANT SELECT, DELETE ON ticket_comments TO kith_app;
GRANT INSERT (organization_id, id, ticket_id, comment, is_internal, contact_id, created_by) ON ticket_comments TO kith_app;
GRANT UPDATE (comment) ON ticket_comments TO kith_app;

CALL install_entity('business_hours', 'business_hours', 'name', 'sla_policies');
CALL install_entity('holiday', 'holidays', 'name', 'sla_policies');
CALL install_entity('sla_policy', 'sla_policies', 'name', 'sla_policies');
CALL install_entity('ticket', 'tickets', 'subject', 'tickets');
CALL install_entity('ticket_comment', 'ticket_comments', '', 'ticket_comments', 'comment');
UPDATE record_tables SET also_needs = 'internal_comments' WHERE entity = 'ticket_comment';
CALL add_subject_kind('tasks', 'ticket');
CALL add_subject_kind('notes', 'ticket');

-- In this order: what may be written, the number, whose it is, what follows from the status, the clock.
CREATE TRIGGER tickets_check_customer BEFORE INSERT ON tickets FOR EACH ROW EXECUTE FUNCTION check_customer_ticket();
CREATE TRIGGER tickets_guard BEFORE INSERT OR UPDATE ON tickets FOR EACH ROW EXECUTE FUNCTION guard_record('tickets', 'assigned_to_id', 'company_id');
CREATE TRIGGER tickets_number BEFORE INSERT ON tickets FOR EACH ROW EXECUTE FUNCTION number_ticket();
CREATE TRIGGER tickets_number_rest AFTER INSERT ON tickets REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION finish_ticket_numbers();
CREATE TRIGGER tickets_queue BEFORE INSERT ON tickets FOR EACH ROW EXECUTE FUNCTION give_out_ticket();
CREATE TRIGGER tickets_resolution BEFORE INSERT OR UPDATE ON tickets FOR EACH ROW EXECUTE FUNCTION update_ticket_resolution();
CREATE TRIGGER tickets_sla BEFORE INSERT OR UPDATE ON tickets FOR EACH ROW EXECUTE FUNCTION run_ticket_clock();
CREATE TRIGGER tickets_merged AFTER UPDATE ON tickets REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION move_merged_comments();
CREATE TRIGGER ticket_comments_author BEFORE INSERT ON ticket_comments FOR EACH ROW EXECUTE FUNCTION sign_ticket_comment();
CREATE TRIGGER ticket_comments_answer AFTER INSERT ON ticket_comments REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION answer_tickets();

-- What every organization starts with: office hours of its own time zone and a promise for each priority. Null for all that are
-- there.
CREATE FUNCTION start_support(only_organization uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH office AS (
    INSERT INTO business_hours (organization_id, name, timezone, weekly_hours)
    SELECT o.id, 'Office hours', CASE WHEN is_time_zone(o.timezone) THEN o.timezone ELSE 'UTC' END,
      '{"monday": [["09:00", "17:00"]], "tuesday": [["09:00", "17:00"]], "wednesday": [["09:00", "17:00"]], "thursday": [["09:00", "17:00"]], "friday": [["09:00", "17:00"]]}'
    FROM organizations o WHERE only_organization IS NULL OR o.id = only_organization
    RETURNING organization_id, id
  )
  INSERT INTO sla_policies (organization_id, name, priority, first_response_minutes, resolution_minutes, business_hours_id)
  SELECT office.organization_id, p.name, p.priority, p.first_response, p.resolution, office.id
  FROM office CROSS JOIN (VALUES ('Urgent', 'urgent', 30, 240), ('High', 'high', 60, 480), ('Medium', 'medium', 240, 1440), ('Low', 'low', 480, 2400))
    p (name, priority, first_response, resolution)
$$;
CREATE FUNCTION start_organization_support() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM start_support(NEW.id);
  RETURN NULL;
END
$$;
DO $$
DECLARE signature text;
BEGIN
  -- For triggers and for one another.
  FOREACH signature IN ARRAY ARRAY['number_ticket()', 'return_ticket_numbers()', 'finish_ticket_numbers()', 'ticket_reopen_days(uuid)', 'update_ticket_resolution()',
    'run_ticket_clock()', 'ticket_agents(uuid)', 'next_ticket_agent(uuid, text)', 'give_out_ticket()', 'move_merged_comments()', 'answer_tickets()',
    'tell_people(uuid[], text, text, text, text, text, uuid)', 'tell_of_tickets()', 'start_support(uuid)', 'start_organization_support()'] LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO kith_definer', signature);
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', signature);
  END LOOP;
  FOREACH signature IN ARRAY ARRAY['pick_ticket_agent(text)', 'send_sla_alerts(timestamptz, integer)', 'organizations_with_sla_alerts(timestamptz)'] LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO kith_definer', signature);
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', signature);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO kith_app', signature);
  END LOOP;
END
$$;
SELECT start_support(NULL);
CREATE TRIGGER organizations_support AFTER INSERT ON organizations FOR EACH ROW EXECUTE FUNCTION start_organization_support();
