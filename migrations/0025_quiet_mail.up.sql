-- Seconds until mail is due; null when none waits. greatest() passes nulls over, so that none was due at once and
-- an idle program asked again and again.
CREATE OR REPLACE FUNCTION next_mail_due() RETURNS double precision
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_no_user();
  RETURN (SELECT CASE WHEN min(due_at) > now() THEN extract(epoch FROM min(due_at) - now()) WHEN min(due_at) IS NOT NULL THEN 0 END
    FROM outgoing_mail WHERE status IN ('queued', 'sending'));
END
$$;
