CREATE OR REPLACE FUNCTION next_mail_due() RETURNS double precision
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_no_user();
  RETURN (SELECT extract(epoch FROM greatest(min(due_at) - now(), interval '0')) FROM outgoing_mail WHERE status IN ('queued', 'sending'));
END
$$;
