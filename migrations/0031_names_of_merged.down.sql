CALL amend_function('tell_of_tickets()', '    NEW.metadata := NEW.metadata || jsonb_build_object(''side'', ''goes'', ''undone'', (SELECT t.merged_into_id IS NULL FROM tickets t
      WHERE t.organization_id = NEW.organization_id AND t.id = NEW.entity_id),
      ''other'', (SELECT w.number FROM tickets t JOIN tickets w ON w.organization_id = t.organization_id AND w.id = t.merged_into_id
        WHERE t.organization_id = NEW.organization_id AND t.id = NEW.entity_id));
', '');
CALL amend_function('tell_merge(merges, boolean)', '''undone'', undone, ''other'', nullif(other, ''''), ''side'', ''stays'')', '''undone'', undone)');
