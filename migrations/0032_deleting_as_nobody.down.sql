CALL amend_function('take_along()', '  left_over boolean;
  within constant text := coalesce(current_setting(''kith.organization'', true), '''');', '  left_over boolean;');
CALL amend_function('take_along()', '  PERFORM set_config(''kith.organization'', within, true);
  RETURN NULL;', '  RETURN NULL;');
CALL amend_function('take_along()', 'IF waiting <@ (still || ARRAY[''activities'', ''audit_log'', ''events'']) THEN', 'IF cardinality(still) = cardinality(waiting) THEN');
CALL amend_function('take_along()', '  PERFORM set_config(''kith.organization'', '''', true);
  LOOP
    still', '  LOOP
    still');
