ALTER TABLE imports
  DROP COLUMN outcomes,
  DROP COLUMN summary;
DROP FUNCTION record_export(text, uuid, jsonb);
