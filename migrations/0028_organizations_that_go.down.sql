DROP TRIGGER events_kept ON events;
DROP FUNCTION keep_events();
REVOKE DELETE ON events FROM kith_definer;
DROP TRIGGER "A_take_along" ON organizations;
DROP FUNCTION take_along();
