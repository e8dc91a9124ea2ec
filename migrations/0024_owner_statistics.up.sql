-- Whose a row is decides the plan of everyone with a narrow scope: the default of 100 commonest values takes
-- whoever owns little for an average owner, and then a list is walked in its order for rows that hardly come. So
-- the columns that row security goes by keep 1,000. For migrations that add a table; a test looks for one that
-- did not.
CREATE PROCEDURE weigh_owners()
LANGUAGE plpgsql AS $$
DECLARE
  col record;
BEGIN
  FOR col IN
    SELECT a.attrelid::regclass AS table_name, a.attname
    FROM record_access r
    JOIN pg_attribute a ON a.attrelid = r.table_name::regclass AND NOT a.attisdropped
      AND (a.attname = ANY (r.owner_columns) OR a.attname = r.company_column OR a.attname IN ('subject_owner_id', 'subject_company_id'))
    JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
    WHERE a.attstattarget < 1000
    ORDER BY 1, 2
  LOOP
    EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS 1000', col.table_name, col.attname);
  END LOOP;
END
$$;
CALL weigh_owners();
