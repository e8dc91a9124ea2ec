DROP FUNCTION take_numbers(uuid, text, integer, bigint);
DROP TABLE number_series;
