-- An organization is deleted as by nobody in it: what rules ask of the organization in which somebody works refuses
-- what goes as a whole. And what cannot go ends the deletion, with the reason.
CALL amend_function('take_along()', '  LOOP
    still', '  PERFORM set_config(''kith.organization'', '''', true);
  LOOP
    still');
-- The trails are tried again each time, and are no progress.
CALL amend_function('take_along()', 'IF cardinality(still) = cardinality(waiting) THEN', 'IF waiting <@ (still || ARRAY[''activities'', ''audit_log'', ''events'']) THEN');
CALL amend_function('take_along()', '  RETURN NULL;', '  PERFORM set_config(''kith.organization'', within, true);
  RETURN NULL;');
CALL amend_function('take_along()', '  left_over boolean;', '  left_over boolean;
  within constant text := coalesce(current_setting(''kith.organization'', true), '''');');
