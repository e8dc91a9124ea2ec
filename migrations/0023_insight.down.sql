DROP FUNCTION report_keeper(uuid), scheduled_reports(timestamptz), organizations_with_scheduled_reports(timestamptz), due_reports(uuid, timestamptz),
  report_boundary(text, text, timestamptz);
DROP TABLE report_rounds;
DELETE FROM notification_preferences WHERE kind = 'report';
DELETE FROM notification_kinds WHERE kind = 'report';
DROP FUNCTION get_project_summary(uuid);
DROP FUNCTION get_source_performance(uuid);
DROP FUNCTION calculate_conversion_rate(uuid, daterange);
DROP VIEW project_profitability, lead_conversion_funnel;
DROP TRIGGER refresh_project_metrics ON leads;
DROP TRIGGER refresh_project_metrics_update ON leads;
DROP TRIGGER refresh_project_metrics_delete ON leads;
DROP TRIGGER interactions_first_response ON interactions;
DELETE FROM record_tables WHERE entity IN ('view', 'dashboard', 'report');
DELETE FROM record_access WHERE table_name IN ('views', 'dashboards', 'reports', 'metrics');
DROP TABLE views, dashboards, reports, metrics, metric_changes;
CALL write_record_visible();
DROP FUNCTION recount_metrics(uuid), fold_due_metrics(), organizations_with_metrics(timestamptz), refresh_metrics(), fold_metrics(uuid), count_first_responses(),
  refresh_metrics_cache(), metrics_of_lead(leads), keep_owner();
DROP PROCEDURE protect_private(text, text);
DROP FUNCTION organization_timezone(uuid);
DELETE FROM role_permissions WHERE resource IN ('views', 'dashboards', 'reports', 'metrics');
DELETE FROM role_defaults WHERE resource IN ('views', 'dashboards', 'reports', 'metrics');
DELETE FROM permissions WHERE resource IN ('views', 'dashboards', 'reports', 'metrics');
