-- An organization that goes takes everything with it: deleting its row is enough, for whoever may (nobody through
-- the application).

-- After its row is gone, so that every guard can tell: there is nothing left to keep. Tables whose rows others refer
-- to without taking them along have to wait for those, and parts that are guarded for their whole, so this goes round
-- until nothing is left; what only ever grows goes with what it is about. The trails come last: they are written to until then.
CREATE FUNCTION take_along() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  tables text[] := ARRAY(
    SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id' AND NOT a.attisdropped
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    ORDER BY c.relname IN ('audit_log', 'activities', 'events'), c.relname);
  waiting text[] := ARRAY(SELECT t FROM unnest(tables) WITH ORDINALITY AS u (t, place) WHERE has_table_privilege(t, 'DELETE') ORDER BY place);
  still text[];
  one text;
  why text;
  left_over boolean;
BEGIN
  LOOP
    still := '{}';
    FOREACH one IN ARRAY waiting LOOP
      BEGIN
        EXECUTE format('DELETE FROM %I WHERE organization_id = $1', one) USING OLD.id;
      EXCEPTION WHEN foreign_key_violation OR restrict_violation OR SQLSTATE 'KT403' OR SQLSTATE 'KT409' OR SQLSTATE 'KT422' THEN
        GET STACKED DIAGNOSTICS why = MESSAGE_TEXT;
        still := still || one;
      END;
    END LOOP;
    EXIT WHEN still = '{}';
    IF cardinality(still) = cardinality(waiting) THEN
      RAISE EXCEPTION 'The organization cannot be deleted for %: %', still, why;
    END IF;
    -- The trails once more, for what was written of the others meanwhile.
    waiting := still || ARRAY(SELECT t FROM unnest(ARRAY['activities', 'audit_log', 'events']) t WHERE t <> ALL (still));
  END LOOP;
  FOREACH one IN ARRAY tables LOOP
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I WHERE organization_id = $1)', one) INTO left_over USING OLD.id;
    IF left_over THEN
      RAISE EXCEPTION 'The organization cannot be deleted: something of it stays in %.', one;
    END IF;
  END LOOP;
  RETURN NULL;
END
$$;
ALTER FUNCTION take_along() OWNER TO kith_definer;
REVOKE ALL ON FUNCTION take_along() FROM PUBLIC;
-- Before the foreign keys act, which do so in the order of names, too.
CREATE TRIGGER "A_take_along" AFTER DELETE ON organizations FOR EACH ROW EXECUTE FUNCTION take_along();

-- Events only grow, like the other trails (0022), while there is an organization that they are told to.
GRANT DELETE ON events TO kith_definer;
CREATE FUNCTION keep_events() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM organizations o WHERE o.id = OLD.organization_id) THEN
    RAISE EXCEPTION 'Events are kept.' USING ERRCODE = 'KT403';
  END IF;
  RETURN OLD;
END
$$;
CREATE TRIGGER events_kept BEFORE DELETE ON events FOR EACH ROW EXECUTE FUNCTION keep_events();
