-- A row with whatever its columns need, for tables that nothing else fills. For the superuser of tests alone.
CREATE FUNCTION fill_row(of_table text, given jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  c record;
  names text[] := '{}';
  parts text[] := '{}';
  choice text;
BEGIN
  FOR c IN
    SELECT a.attname, t.typname, coalesce(b.typname, t.typname) AS base, a.attnotnull AND NOT a.atthasdef AS needed
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type b ON b.oid = t.typbasetype
    WHERE a.attrelid = of_table::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attidentity = ''
  LOOP
    CONTINUE WHEN NOT c.needed AND NOT given ? c.attname;
    choice := (SELECT substring(pg_get_constraintdef(k.oid) FROM '\(' || c.attname || ' = ANY \(ARRAY\[''([a-z_]+)''')
      FROM pg_constraint k WHERE k.conrelid = of_table::regclass AND k.contype = 'c' AND pg_get_constraintdef(k.oid) LIKE '%(' || c.attname || ' = ANY (ARRAY[%' LIMIT 1);
    names := names || quote_ident(c.attname);
    parts := parts || CASE
      WHEN given ? c.attname THEN quote_literal(given ->> c.attname)
      WHEN choice IS NOT NULL THEN quote_literal(choice)
      WHEN c.typname = 'uuid' THEN 'gen_random_uuid()'
      WHEN c.typname = 'currency_code' THEN quote_literal('USD')
      WHEN c.base IN ('text', 'varchar') THEN quote_literal(substr(md5(random()::text), 1, 8))
      WHEN c.typname IN ('numeric', 'int2', 'int4', 'int8') THEN '1'
      WHEN c.typname = 'date' THEN 'current_date'
      WHEN c.typname = 'timestamptz' THEN 'now()'
      WHEN c.typname IN ('jsonb', '_text') THEN quote_literal('{}')
      WHEN c.typname = 'bool' THEN 'false'
      ELSE 'NULL' END;
  END LOOP;
  EXECUTE format('INSERT INTO %I (%s) VALUES (%s)', of_table, array_to_string(names, ', '), array_to_string(parts, ', '));
END
$$;
