-- Numbers without gaps: tickets for each organization, invoices and credit notes for each organization
-- and year.

CREATE TABLE number_series (
  organization_id  uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  series           text NOT NULL CHECK (series ~ '^[a-z_]{1,50}$'),
  -- A year; 0 for a series that never begins anew.
  period           integer NOT NULL CHECK (period >= 0),
  last_number      bigint NOT NULL CHECK (last_number > 0),
  PRIMARY KEY (organization_id, series, period)
);
CALL forbid_by_default('number_series');

-- The first of `wanted` new numbers in a row. The series' row stays locked until the transaction ends,
-- so that whoever else wants a number waits, and a transaction that is given up gives its numbers back.
-- For triggers only: they know what is being numbered.
CREATE FUNCTION take_numbers(organization uuid, series_name text, series_period integer, wanted bigint) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO number_series AS s (organization_id, series, period, last_number)
  VALUES (organization, series_name, series_period, wanted)
  ON CONFLICT (organization_id, series, period) DO UPDATE SET last_number = s.last_number + wanted
  RETURNING last_number - wanted + 1
$$;
ALTER FUNCTION take_numbers(uuid, text, integer, bigint) OWNER TO kith_definer;
REVOKE ALL ON FUNCTION take_numbers(uuid, text, integer, bigint) FROM PUBLIC;
