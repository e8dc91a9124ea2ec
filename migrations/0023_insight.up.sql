-- Insight: saved views, reports, dashboards and metrics, and the views and functions for reporting that the
-- documents name. Those answer as whoever asks: they are the invoker's, and row security decides what counts.

-- The zone in which an organization counts its days; its own settings are for whoever may read them, this is not.
CREATE FUNCTION organization_timezone(organization uuid) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN (SELECT timezone FROM organizations WHERE id = organization);
END
$$;
ALTER FUNCTION organization_timezone(uuid) OWNER TO kith_definer;

-- Policies for what people arrange for themselves and perhaps share. What is private is its owner's alone,
-- whoever else asks; what is shared is read by everyone whose scope goes beyond their own, and changed by its
-- owner and by those who may change them all.
CREATE PROCEDURE protect_private(table_name text, resource text)
LANGUAGE plpgsql AS $$
DECLARE
  here constant text := 'organization_id = current_organization_id() AND ';
  changeable constant text := '((owner_id = (SELECT current_user_id()) AND (SELECT access_scope(%1$L, %2$L)) IS NOT NULL)
    OR (visibility = ''shared'' AND (SELECT access_scope(%1$L, %2$L)) = ''all''))';
BEGIN
  CALL forbid_by_default(table_name);
  INSERT INTO record_access VALUES (table_name, 'shared');
  EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO kith_app USING (%s)', table_name || '_read', table_name,
    here || format('(SELECT access_scope(%1$L, ''read'')) IS NOT NULL AND (owner_id = (SELECT current_user_id())
      OR visibility = ''shared'' AND (SELECT access_scope(%1$L, ''read'')) <> ''assigned'')', resource));
  EXECUTE format('CREATE POLICY %I ON %I FOR INSERT TO kith_app WITH CHECK (%s)', table_name || '_create', table_name,
    here || format('(SELECT access_scope(%L, ''create'')) IS NOT NULL AND owner_id = (SELECT current_user_id())
      AND (visibility = ''private'' OR (SELECT access_scope(%L, ''read'')) <> ''assigned'')', resource, resource));
  EXECUTE format('CREATE POLICY %I ON %I FOR UPDATE TO kith_app USING (%s) WITH CHECK (%s)', table_name || '_update', table_name,
    here || format(changeable, resource, 'update'),
    here || format(changeable, resource, 'update') || format(' AND (visibility = ''private'' OR (SELECT access_scope(%L, ''read'')) <> ''assigned'')', resource));
  EXECUTE format('CREATE POLICY %I ON %I FOR DELETE TO kith_app USING (%s)', table_name || '_delete', table_name,
    here || format(changeable, resource, 'delete'));
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO kith_app', table_name);
END
$$;

-- Whose it is is whoever made it, and stays so.
CREATE FUNCTION keep_owner() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    NEW.owner_id := coalesce(NEW.owner_id, current_user_id());
  ELSE
    NEW.owner_id := OLD.owner_id;
  END IF;
  RETURN NEW;
END
$$;

-- How somebody likes to look at a list: which records, in which order, as what.
CREATE TABLE views (
  organization_id  uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  name             text COLLATE "und-x-icu" NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
  entity           text NOT NULL CHECK (entity ~ '^[a-z][a-z0-9_]{0,49}$'),
  visibility       text NOT NULL DEFAULT 'private' CHECK (visibility IN ('private', 'shared')),
  layout           text NOT NULL DEFAULT 'table' CHECK (layout IN ('table', 'board', 'calendar')),
  -- As POST /{entity}/query takes them.
  filter           jsonb CHECK (jsonb_typeof(filter) = 'object'),
  sort             text CHECK (char_length(sort) <= 1000),
  search           text CHECK (char_length(search) <= 200),
  -- [{"field": …, "width": …}], from the left.
  columns          jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(columns) = 'array'),
  -- Which records as to the archive.
  archived         text NOT NULL DEFAULT 'no' CHECK (archived IN ('no', 'only', 'with')),
  -- For a board.
  pipeline_id      uuid,
  position         integer NOT NULL DEFAULT 0,
  owner_id         uuid NOT NULL,
  created_at       timestamptz NOT NULL DEFAULT now(),
  updated_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid,
  updated_by       uuid,
  version          bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, pipeline_id) REFERENCES pipelines (organization_id, id) ON DELETE SET NULL (pipeline_id),
  FOREIGN KEY (organization_id, owner_id) REFERENCES memberships (organization_id, user_id) ON DELETE CASCADE
);
CALL index_fields('views', ARRAY['name', 'entity', 'visibility', 'layout', 'pipeline_id', 'position', 'owner_id', 'created_at', 'updated_at'], NULL);
CREATE TRIGGER views_keep_owner BEFORE INSERT OR UPDATE ON views FOR EACH ROW EXECUTE FUNCTION keep_owner();

-- A question that is asked again and again, and what the answer was when it was last kept.
CREATE TABLE reports (
  organization_id  uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  name             text COLLATE "und-x-icu" NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
  description      text CHECK (char_length(description) <= 50000),
  type             text NOT NULL CHECK (type IN ('conversion', 'source_performance', 'project_summary', 'lead_funnel', 'pipeline', 'forecast', 'won_lost',
                     'product_performance', 'campaign_performance', 'activity', 'project_profitability', 'custom')),
  -- Whom it is for: the people of this company read it, too.
  company_id       uuid,
  project_id       uuid,
  config           jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(config) = 'object'),
  -- The answer as it was kept last, by whom and when.
  data             jsonb,
  generated_by     uuid,
  generated_at     timestamptz,
  schedule         text CHECK (schedule IN ('daily', 'weekly', 'monthly')),
  owner_id         uuid,
  created_at       timestamptz NOT NULL DEFAULT now(),
  updated_at       timestamptz NOT NULL DEFAULT now(),
  deleted_at       timestamptz,
  created_by       uuid,
  updated_by       uuid,
  version          bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  -- What is internal is made for no client.
  CONSTRAINT reports_internal CHECK (company_id IS NULL OR type NOT IN ('project_profitability', 'activity', 'won_lost', 'custom')),
  FOREIGN KEY (organization_id, company_id) REFERENCES companies (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, project_id) REFERENCES projects (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, generated_by) REFERENCES memberships (organization_id, user_id) ON DELETE SET NULL (generated_by),
  FOREIGN KEY (organization_id, owner_id) REFERENCES memberships (organization_id, user_id) ON DELETE SET NULL (owner_id)
);
CALL index_fields('reports', ARRAY['name', 'type', 'company_id', 'project_id', 'owner_id', 'schedule', 'generated_at', 'created_at', 'updated_at'], 'deleted_at IS NULL');
CREATE INDEX reports_deleted ON reports (organization_id, deleted_at, id) WHERE deleted_at IS NOT NULL;

-- Answers side by side.
CREATE TABLE dashboards (
  organization_id  uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  name             text COLLATE "und-x-icu" NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
  description      text CHECK (char_length(description) <= 50000),
  visibility       text NOT NULL DEFAULT 'private' CHECK (visibility IN ('private', 'shared')),
  -- [{"title": …, "type": …, "config": {…}, "width": 1..4}] or [{"report_id": …}], in order.
  widgets          jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(widgets) = 'array'),
  position         integer NOT NULL DEFAULT 0,
  owner_id         uuid NOT NULL,
  created_at       timestamptz NOT NULL DEFAULT now(),
  updated_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid,
  updated_by       uuid,
  version          bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, owner_id) REFERENCES memberships (organization_id, user_id) ON DELETE CASCADE
);
CALL index_fields('dashboards', ARRAY['name', 'visibility', 'position', 'owner_id', 'created_at', 'updated_at'], NULL);
CREATE TRIGGER dashboards_keep_owner BEFORE INSERT OR UPDATE ON dashboards FOR EACH ROW EXECUTE FUNCTION keep_owner();

-- The cache of metrics (000): counted on, never anew. A metric is a sum over a number of cases; what it says
-- follows from the two, so that days add up to weeks and months.
CREATE TABLE metrics (
  organization_id  uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  entity_type      text NOT NULL CHECK (entity_type IN ('organization', 'company', 'project', 'user')),
  entity_id        uuid NOT NULL,
  metric_name      text NOT NULL CHECK (metric_name IN ('lead_count', 'converted_count', 'conversion_rate', 'response_time')),
  period           text NOT NULL CHECK (period IN ('daily', 'weekly', 'monthly')),
  -- The first day of the period, in the organization's zone.
  date             date NOT NULL,
  total            bigint NOT NULL DEFAULT 0,
  cases            bigint NOT NULL DEFAULT 0,
  -- Counts; rates in percent; times in seconds.
  metric_value     numeric(20,4) GENERATED ALWAYS AS (
                     CASE metric_name WHEN 'conversion_rate' THEN CASE WHEN cases > 0 THEN round(total * 100.0 / cases, 2) ELSE 0 END
                       WHEN 'response_time' THEN CASE WHEN cases > 0 THEN round(total::numeric / cases, 0) ELSE 0 END
                       ELSE total END) STORED,
  created_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT metrics_unique UNIQUE (organization_id, entity_type, entity_id, metric_name, period, date)
);
CALL index_fields('metrics', ARRAY['entity_type', 'entity_id', 'metric_name', 'period', 'date', 'created_at'], NULL);

-- What has yet to be counted in. Writing a lead only adds here, so that nobody waits for anybody's count.
CREATE TABLE metric_changes (
  organization_id  uuid NOT NULL,
  ordinal          bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  entity_type      text NOT NULL,
  entity_id        uuid NOT NULL,
  metric_name      text NOT NULL,
  date             date NOT NULL,
  total            bigint NOT NULL,
  cases            bigint NOT NULL,
  PRIMARY KEY (organization_id, ordinal)
);
CALL forbid_by_default('metric_changes');

-- What a lead counts for: the organization, its project and that project's company, and whoever owns it.
CREATE FUNCTION metrics_of_lead(lead leads) RETURNS TABLE (entity_type text, entity_id uuid, metric_name text, date date, total bigint, cases bigint)
LANGUAGE sql STABLE AS $$
  SELECT e.entity_type, e.entity_id, m.metric_name, (lead.created_at AT TIME ZONE organization_timezone(lead.organization_id))::date, m.total, 1
  FROM (VALUES ('organization', lead.organization_id), ('project', lead.project_id), ('user', lead.owner_id),
      ('company', (SELECT p.company_id FROM projects p WHERE p.organization_id = lead.organization_id AND p.id = lead.project_id))) e (entity_type, entity_id),
    (VALUES ('lead_count', 1::bigint), ('converted_count', (lead.status = 'converted')::integer::bigint),
      ('conversion_rate', (lead.status = 'converted')::integer::bigint)) m (metric_name, total)
  WHERE e.entity_id IS NOT NULL AND lead.deleted_at IS NULL
    -- An organization that is gone counts nothing any more.
    AND organization_timezone(lead.organization_id) IS NOT NULL
$$;

-- Notes what the leads of a statement change in the metrics (000): the difference of before and after, once a
-- statement.
CREATE FUNCTION refresh_metrics_cache() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO metric_changes (organization_id, entity_type, entity_id, metric_name, date, total, cases)
    SELECT n.organization_id, m.entity_type, m.entity_id, m.metric_name, m.date, sum(m.total), sum(m.cases)
    FROM new_rows n CROSS JOIN LATERAL metrics_of_lead(n::leads) m
    GROUP BY 1, 2, 3, 4, 5;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO metric_changes (organization_id, entity_type, entity_id, metric_name, date, total, cases)
    SELECT o.organization_id, m.entity_type, m.entity_id, m.metric_name, m.date, -sum(m.total), -sum(m.cases)
    FROM old_rows o CROSS JOIN LATERAL metrics_of_lead(o::leads) m
    GROUP BY 1, 2, 3, 4, 5;
  ELSE
    INSERT INTO metric_changes (organization_id, entity_type, entity_id, metric_name, date, total, cases)
    SELECT c.organization_id, m.entity_type, m.entity_id, m.metric_name, m.date, sum(c.sign * m.total), sum(c.sign * m.cases)
    FROM (
      SELECT n.organization_id, side.sign, side.lead
      FROM new_rows n JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id
      CROSS JOIN LATERAL (VALUES (1, n::leads), (-1, o::leads)) side (sign, lead)
      WHERE (n.status, n.owner_id, n.project_id, n.created_at, n.deleted_at IS NULL) IS DISTINCT FROM (o.status, o.owner_id, o.project_id, o.created_at, o.deleted_at IS NULL)
    ) c CROSS JOIN LATERAL metrics_of_lead(c.lead) m
    GROUP BY 1, 2, 3, 4, 5
    HAVING sum(c.sign * m.total) <> 0 OR sum(c.sign * m.cases) <> 0;
  END IF;
  RETURN NULL;
END
$$;
ALTER FUNCTION refresh_metrics_cache() OWNER TO kith_definer;
CREATE TRIGGER refresh_project_metrics AFTER INSERT ON leads REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION refresh_metrics_cache();
CREATE TRIGGER refresh_project_metrics_update AFTER UPDATE ON leads REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION refresh_metrics_cache();
CREATE TRIGGER refresh_project_metrics_delete AFTER DELETE ON leads REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION refresh_metrics_cache();

-- How long leads waited for a first word: from their coming to the first interaction that is written down.
CREATE FUNCTION count_first_responses() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO metric_changes (organization_id, entity_type, entity_id, metric_name, date, total, cases)
  SELECT f.organization_id, e.entity_type, e.entity_id, 'response_time', f.date, sum(f.seconds), count(*)
  FROM (
    SELECT DISTINCT ON (l.organization_id, l.id) l.organization_id, l.owner_id, l.project_id,
      (l.created_at AT TIME ZONE organization_timezone(l.organization_id))::date AS date,
      greatest(extract(epoch FROM n.occurred_at - l.created_at), 0)::bigint AS seconds,
      (SELECT p.company_id FROM projects p WHERE p.organization_id = l.organization_id AND p.id = l.project_id) AS company_id
    FROM new_rows n JOIN leads l ON l.organization_id = n.organization_id AND l.id = n.subject_id
    WHERE n.subject_type = 'lead' AND NOT EXISTS (
      SELECT 1 FROM interactions i WHERE i.organization_id = n.organization_id AND i.subject_id = n.subject_id
        AND i.id NOT IN (SELECT x.id FROM new_rows x WHERE x.subject_id = n.subject_id))
    ORDER BY l.organization_id, l.id, n.occurred_at
  ) f
  CROSS JOIN LATERAL (VALUES ('organization', f.organization_id), ('project', f.project_id), ('user', f.owner_id), ('company', f.company_id)) e (entity_type, entity_id)
  WHERE e.entity_id IS NOT NULL
  GROUP BY 1, 2, 3, 5;
  RETURN NULL;
END
$$;
ALTER FUNCTION count_first_responses() OWNER TO kith_definer;
CREATE TRIGGER interactions_first_response AFTER INSERT ON interactions REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION count_first_responses();

-- Counts what was noted into the cache. Two at once share the work: what one takes the other does not find.
CREATE FUNCTION fold_metrics(organization uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  folded bigint;
BEGIN
  WITH taken AS (
    DELETE FROM metric_changes c WHERE c.organization_id = organization RETURNING c.*
  ), sums AS (
    SELECT t.entity_type, t.entity_id, t.metric_name, p.period, p.date, sum(t.total) AS total, sum(t.cases) AS cases
    FROM taken t CROSS JOIN LATERAL (VALUES ('daily', t.date), ('weekly', date_trunc('week', t.date)::date), ('monthly', date_trunc('month', t.date)::date)) p (period, date)
    GROUP BY 1, 2, 3, 4, 5
    HAVING sum(t.total) <> 0 OR sum(t.cases) <> 0
  ), kept AS (
    INSERT INTO metrics AS m (organization_id, entity_type, entity_id, metric_name, period, date, total, cases)
    -- In one order, so that two do not wait for each other.
    SELECT organization, s.entity_type, s.entity_id, s.metric_name, s.period, s.date, s.total, s.cases FROM sums s ORDER BY 2, 3, 4, 5, 6
    ON CONFLICT (organization_id, entity_type, entity_id, metric_name, period, date)
    DO UPDATE SET total = m.total + excluded.total, cases = m.cases + excluded.cases
  )
  SELECT count(*) INTO folded FROM taken;
  RETURN folded;
END
$$;
ALTER FUNCTION fold_metrics(uuid) OWNER TO kith_definer;
REVOKE ALL ON FUNCTION fold_metrics(uuid) FROM PUBLIC;

-- The same for the acting member's organization, for whoever reads reports.
CREATE FUNCTION refresh_metrics() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF access_scope('metrics', 'read') IS NULL THEN
    RAISE EXCEPTION 'You may not read metrics.' USING ERRCODE = 'KT403';
  END IF;
  RETURN fold_metrics(current_organization_id());
END
$$;
ALTER FUNCTION refresh_metrics() OWNER TO kith_definer;

CREATE FUNCTION organizations_with_metrics(at timestamptz) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT DISTINCT organization_id FROM metric_changes
$$;
ALTER FUNCTION organizations_with_metrics(timestamptz) OWNER TO kith_definer;
REVOKE ALL ON FUNCTION organizations_with_metrics(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION organizations_with_metrics(timestamptz) TO kith_app;

-- The scheduled work of a transaction that acts for no member.
CREATE FUNCTION fold_due_metrics() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF current_user_id() IS NOT NULL OR current_organization_id() IS NULL THEN
    RAISE EXCEPTION 'This is scheduled work.' USING ERRCODE = 'KT403';
  END IF;
  RETURN fold_metrics(current_organization_id());
END
$$;
ALTER FUNCTION fold_due_metrics() OWNER TO kith_definer;

-- Counts everything anew: at the first time, and to check. For the operator and for migrations.
CREATE FUNCTION recount_metrics(organization uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  DELETE FROM metric_changes c WHERE organization IS NULL OR c.organization_id = organization;
  DELETE FROM metrics m WHERE organization IS NULL OR m.organization_id = organization;
  INSERT INTO metric_changes (organization_id, entity_type, entity_id, metric_name, date, total, cases)
  SELECT l.organization_id, m.entity_type, m.entity_id, m.metric_name, m.date, sum(m.total), sum(m.cases)
  FROM leads l CROSS JOIN LATERAL metrics_of_lead(l) m
  WHERE organization IS NULL OR l.organization_id = organization
  GROUP BY 1, 2, 3, 4, 5;
  INSERT INTO metric_changes (organization_id, entity_type, entity_id, metric_name, date, total, cases)
  SELECT f.organization_id, e.entity_type, e.entity_id, 'response_time', f.date, sum(f.seconds), count(*)
  FROM (
    SELECT DISTINCT ON (l.organization_id, l.id) l.organization_id, l.owner_id, l.project_id,
      (l.created_at AT TIME ZONE organization_timezone(l.organization_id))::date AS date,
      greatest(extract(epoch FROM i.occurred_at - l.created_at), 0)::bigint AS seconds,
      (SELECT p.company_id FROM projects p WHERE p.organization_id = l.organization_id AND p.id = l.project_id) AS company_id
    FROM interactions i JOIN leads l ON l.organization_id = i.organization_id AND l.id = i.subject_id
    WHERE i.subject_type = 'lead' AND (organization IS NULL OR l.organization_id = organization)
    -- The first that was written down, as they are counted one by one.
    ORDER BY l.organization_id, l.id, i.created_at, i.occurred_at
  ) f
  CROSS JOIN LATERAL (VALUES ('organization', f.organization_id), ('project', f.project_id), ('user', f.owner_id), ('company', f.company_id)) e (entity_type, entity_id)
  WHERE e.entity_id IS NOT NULL
  GROUP BY 1, 2, 3, 5;
  PERFORM fold_metrics(o) FROM (SELECT DISTINCT organization_id AS o FROM metric_changes) x WHERE organization IS NULL OR o = organization;
END
$$;
ALTER FUNCTION recount_metrics(uuid) OWNER TO kith_definer;
REVOKE ALL ON FUNCTION recount_metrics(uuid) FROM PUBLIC;

-- Permissions and the roles' defaults (MODEL §3).
CALL declare_resource('views', ARRAY['create', 'read', 'update', 'delete']);
CALL declare_resource('dashboards', ARRAY['create', 'read', 'update', 'delete']);
CALL declare_resource('reports', ARRAY['create', 'read', 'update', 'delete', 'export', 'assign']);
CALL declare_resource('metrics', ARRAY['read', 'export']);
-- Nobody reads what another keeps private, whatever their scope: its history is asked for like the view itself.
UPDATE role_defaults SET scope = 'assigned_or_unowned' WHERE resource IN ('views', 'dashboards') AND action = 'read';
CALL default_grant('manager', ARRAY['reports'], ARRAY['create', 'read', 'update', 'delete', 'export', 'assign'], 'all');
CALL default_grant('manager', ARRAY['metrics'], ARRAY['read', 'export'], 'all');
CALL default_grant('manager', ARRAY['views', 'dashboards'], ARRAY['update', 'delete'], 'all');
DO $$
DECLARE key text;
BEGIN
  FOREACH key IN ARRAY ARRAY['manager', 'sales', 'support', 'finance', 'member', 'viewer'] LOOP
    CALL default_grant(key, ARRAY['views', 'dashboards'], ARRAY['read'], 'assigned_or_unowned');
    CALL default_grant(key, ARRAY['views', 'dashboards'], ARRAY['create'], 'assigned');
    CONTINUE WHEN key = 'manager';
    CALL default_grant(key, ARRAY['views', 'dashboards'], ARRAY['update', 'delete'], 'assigned');
    CALL default_grant(key, ARRAY['metrics'], ARRAY['read'], 'assigned');
    CALL default_grant(key, ARRAY['reports'], ARRAY['read'], CASE WHEN key = 'viewer' THEN 'all' ELSE 'assigned_or_unowned' END);
    CONTINUE WHEN key = 'viewer';
    CALL default_grant(key, ARRAY['reports'], ARRAY['create'], 'all');
    CALL default_grant(key, ARRAY['reports'], ARRAY['update', 'delete'], 'assigned');
  END LOOP;
  FOREACH key IN ARRAY ARRAY['client_admin', 'client_member', 'client_viewer'] LOOP
    CALL default_grant(key, ARRAY['views'], ARRAY['create', 'read', 'update', 'delete'], 'assigned');
    CALL default_grant(key, ARRAY['reports', 'metrics'], ARRAY['read'], 'assigned');
  END LOOP;
END
$$;
SELECT apply_role_defaults(NULL, resource) FROM unnest(ARRAY['views', 'dashboards', 'reports', 'metrics']) resource;

CALL protect_private('views', 'views');
CALL protect_private('dashboards', 'dashboards');
CALL protect_owned('reports', 'reports', ARRAY['owner_id'], 'company_id');
CALL install_entity('view', 'views', 'name', 'views');
CALL install_entity('dashboard', 'dashboards', 'name', 'dashboards');
CALL install_entity('report', 'reports', 'name', 'reports');
CREATE TRIGGER reports_guard BEFORE INSERT OR UPDATE ON reports FOR EACH ROW EXECUTE FUNCTION guard_record('reports', 'owner_id', 'company_id');

-- A metric is read with what it is about; the organization's own with the scope `all`.
CALL forbid_by_default('metrics');
INSERT INTO record_access VALUES ('metrics', 'shared');
CREATE POLICY metrics_read ON metrics FOR SELECT TO kith_app
  USING (organization_id = current_organization_id() AND (SELECT access_scope('metrics', 'read')) IS NOT NULL
    AND ((SELECT access_scope('metrics', 'read')) = 'all' OR entity_type = 'user' AND entity_id = (SELECT current_user_id())
      OR entity_type <> 'user' AND record_visible(entity_type, entity_id)));
GRANT SELECT ON metrics TO kith_app;

-- The funnel of leads (003), a row a stage and currency: amounts of several currencies are no sum. What is
-- archived is out of it, as it is out of lists. The days on which leads came can only be asked of the
-- interface, which answers the same when it is asked for all.
CREATE VIEW lead_conversion_funnel WITH (security_invoker = true) AS
SELECT s.organization_id, s.pipeline_id, s.id AS stage_id, s.key AS stage, s.name, s.position, s.kind, l.currency::text AS currency,
  count(l.id) AS count, round(avg(l.estimated_value), 2) AS avg_value, coalesce(sum(l.estimated_value), 0) AS total_value
FROM pipelines p
JOIN stages s ON s.organization_id = p.organization_id AND s.pipeline_id = p.id
LEFT JOIN leads l ON l.organization_id = s.organization_id AND l.stage_id = s.id AND l.deleted_at IS NULL AND NOT l.is_archived
WHERE p.entity = 'lead' AND s.organization_id = current_organization_id()
GROUP BY s.organization_id, s.id, l.currency
ORDER BY s.pipeline_id, s.position, s.id, l.currency;
GRANT SELECT ON lead_conversion_funnel TO kith_app;

-- What projects cost and leave (003), for whoever may know what an hour costs.
CREATE VIEW project_profitability WITH (security_invoker = true) AS
SELECT p.organization_id, p.id, p.name, p.company_id, p.currency::text AS currency, p.budget, p.actual_cost, p.budget - p.actual_cost AS profit,
  CASE WHEN p.budget > 0 THEN round((p.budget - p.actual_cost) / p.budget * 100, 2) ELSE 0 END AS profit_margin,
  coalesce(t.hours, 0) AS total_hours_logged
FROM projects p
LEFT JOIN (
  SELECT organization_id, project_id, sum(hours) AS hours FROM time_entries WHERE deleted_at IS NULL AND status <> 'rejected' GROUP BY 1, 2
) t ON t.organization_id = p.organization_id AND t.project_id = p.id
WHERE p.deleted_at IS NULL AND p.organization_id = current_organization_id() AND (SELECT access_scope('rates', 'read')) IS NOT NULL;
GRANT SELECT ON project_profitability TO kith_app;

-- How many percent of a project's leads (all, without a project) that came within days became customers (000).
CREATE FUNCTION calculate_conversion_rate(project uuid, range daterange) RETURNS numeric
LANGUAGE sql STABLE AS $$
  SELECT coalesce(round(count(*) FILTER (WHERE l.status = 'converted') * 100.0 / nullif(count(*), 0), 2), 0)
  FROM leads l
  WHERE l.organization_id = current_organization_id() AND l.deleted_at IS NULL AND (project IS NULL OR l.project_id = project)
    AND (range IS NULL OR (l.created_at AT TIME ZONE organization_timezone(l.organization_id))::date <@ range)
$$;

-- Where a project's leads came from and how many percent of them became customers (000), the most first.
CREATE FUNCTION get_source_performance(project uuid) RETURNS TABLE (source text, count bigint, rate numeric)
LANGUAGE sql STABLE AS $$
  SELECT coalesce(l.source, 'other'), count(*), round(count(*) FILTER (WHERE l.status = 'converted') * 100.0 / count(*), 2)
  FROM leads l
  WHERE l.organization_id = current_organization_id() AND l.deleted_at IS NULL AND (project IS NULL OR l.project_id = project)
  GROUP BY 1 ORDER BY 2 DESC, 1
$$;

-- A project on one page (000), without what it costs; null for one that the caller does not see.
CREATE FUNCTION get_project_summary(project uuid) RETURNS jsonb
LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'project', jsonb_build_object('id', p.id, 'name', p.name, 'status', p.status, 'priority', p.priority, 'company_id', p.company_id,
      'start_date', p.start_date, 'due_date', p.due_date, 'completion_date', p.completion_date, 'progress', p.progress),
    'leads', jsonb_build_object(
      'total', (SELECT count(*) FROM leads l WHERE l.organization_id = p.organization_id AND l.project_id = p.id AND l.deleted_at IS NULL),
      'by_status', (SELECT coalesce(jsonb_object_agg(b.status, b.count), '{}') FROM (
        SELECT l.status, count(*) FROM leads l WHERE l.organization_id = p.organization_id AND l.project_id = p.id AND l.deleted_at IS NULL GROUP BY 1) b),
      'conversion_rate', calculate_conversion_rate(p.id, NULL)),
    'sources', (SELECT coalesce(jsonb_agg(jsonb_build_object('source', s.source, 'count', s.count, 'rate', s.rate) ORDER BY s.count DESC, s.source), '[]')
      FROM get_source_performance(p.id) s),
    'tasks', (SELECT jsonb_build_object('total', count(*) FILTER (WHERE t.status <> 'cancelled'), 'completed', count(*) FILTER (WHERE t.status = 'completed'),
        'overdue', count(*) FILTER (WHERE t.status IN ('todo', 'in_progress', 'review') AND t.due_at < now()))
      FROM tasks t WHERE t.organization_id = p.organization_id AND t.project_id = p.id AND t.deleted_at IS NULL),
    'hours', jsonb_build_object('estimated', p.estimated_hours, 'actual', p.actual_hours))
  FROM projects p
  WHERE p.organization_id = current_organization_id() AND p.id = project AND p.deleted_at IS NULL
$$;

-- Reports that are kept again: when each was last due. Apart from the report, whose readers it does not concern.
CREATE INDEX reports_scheduled ON reports (organization_id, id) WHERE schedule IS NOT NULL AND deleted_at IS NULL;
CREATE TABLE report_rounds (
  organization_id  uuid NOT NULL,
  report_id        uuid NOT NULL,
  boundary         timestamptz NOT NULL,
  PRIMARY KEY (organization_id, report_id),
  FOREIGN KEY (organization_id, report_id) REFERENCES reports (organization_id, id) ON DELETE CASCADE
);
CALL forbid_by_default('report_rounds');
INSERT INTO notification_kinds VALUES ('report', 'Reports', 'A report of yours was kept again, or could not be', 125);

-- The last six o'clock in the morning of a zone: of a day, a Monday or a first of the month.
CREATE FUNCTION report_boundary(schedule text, zone text, moment timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
  SELECT (date_trunc(CASE schedule WHEN 'weekly' THEN 'week' WHEN 'monthly' THEN 'month' ELSE 'day' END,
    moment AT TIME ZONE zone - interval '6 hours') + interval '6 hours') AT TIME ZONE zone
$$;

-- Reports whose answer is older than the boundary of their schedule. What was kept by hand since counts for its
-- period, and what was tried once is not tried again in it. A report without an owner who may act is nobody's to ask.
CREATE FUNCTION due_reports(only_organization uuid, moment timestamptz) RETURNS TABLE (organization_id uuid, report_id uuid, boundary timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT r.organization_id, r.id, b.boundary
  FROM reports r
  JOIN organizations o ON o.id = r.organization_id
  JOIN memberships m ON m.organization_id = r.organization_id AND m.user_id = r.owner_id AND m.status = 'active'
  JOIN users u ON u.id = r.owner_id AND u.is_active
  LEFT JOIN report_rounds k ON k.organization_id = r.organization_id AND k.report_id = r.id
  CROSS JOIN LATERAL (SELECT report_boundary(r.schedule, known_zone(o.timezone), moment) AS boundary) b
  WHERE r.schedule IS NOT NULL AND r.deleted_at IS NULL AND (only_organization IS NULL OR r.organization_id = only_organization)
    AND b.boundary > coalesce(greatest(k.boundary, r.generated_at), '-infinity')
$$;

CREATE FUNCTION organizations_with_scheduled_reports(moment timestamptz) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_no_user();
  RETURN QUERY SELECT DISTINCT d.organization_id FROM due_reports(NULL, moment) d;
END
$$;

-- Queues the keeping of each due report of the acting organization, a bounded piece at a time. Answers how many.
CREATE FUNCTION scheduled_reports(moment timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  org constant uuid := current_organization_id();
  noted bigint;
BEGIN
  PERFORM require_no_user();
  WITH due AS MATERIALIZED (
    SELECT d.report_id, d.boundary FROM due_reports(org, moment) d ORDER BY d.report_id LIMIT 1000
  ), rounds AS (
    INSERT INTO report_rounds (organization_id, report_id, boundary) SELECT org, d.report_id, d.boundary FROM due d
    ON CONFLICT (organization_id, report_id) DO UPDATE SET boundary = excluded.boundary
    RETURNING report_id
  ), queued AS (
    INSERT INTO jobs (organization_id, kind, key, payload, run_at)
    SELECT org, 'keep_report', r.report_id::text, jsonb_build_object('report_id', r.report_id), moment FROM rounds r
    ON CONFLICT (organization_id, kind, key) WHERE status = 'queued' AND key IS NOT NULL DO NOTHING
  )
  SELECT count(*) INTO noted FROM rounds;
  IF noted > 0 THEN
    PERFORM pg_notify('kith_jobs', '');
  END IF;
  RETURN noted;
END
$$;

-- As whom a report is kept again, and its name; no row when it is no longer to be.
CREATE FUNCTION report_keeper(of_report uuid) RETURNS TABLE (owner_id uuid, name text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM require_no_user();
  RETURN QUERY SELECT r.owner_id, r.name::text FROM reports r
    WHERE r.organization_id = current_organization_id() AND r.id = of_report AND r.schedule IS NOT NULL AND r.deleted_at IS NULL AND r.owner_id IS NOT NULL;
END
$$;
DO $$
DECLARE door text;
BEGIN
  EXECUTE 'ALTER FUNCTION due_reports(uuid, timestamptz) OWNER TO kith_definer';
  EXECUTE 'REVOKE ALL ON FUNCTION due_reports(uuid, timestamptz) FROM PUBLIC';
  FOREACH door IN ARRAY ARRAY['organizations_with_scheduled_reports(timestamptz)', 'scheduled_reports(timestamptz)', 'report_keeper(uuid)'] LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO kith_definer', door);
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', door);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO kith_app', door);
  END LOOP;
END
$$;

-- What is there already is counted once.
SELECT recount_metrics(NULL);
