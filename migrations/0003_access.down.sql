DO $$
DECLARE policy record;
BEGIN
  FOR policy IN SELECT tablename, policyname FROM pg_policies
    WHERE schemaname = 'public' AND tablename IN ('organizations', 'users', 'memberships', 'roles', 'teams', 'team_members', 'role_permissions', 'refresh_tokens')
  LOOP
    EXECUTE format('DROP POLICY %I ON %I', policy.policyname, policy.tablename);
    EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY', policy.tablename);
    EXECUTE format('REVOKE ALL ON %I FROM kith_app, kith_definer', policy.tablename);
  END LOOP;
END
$$;
REVOKE ALL ON permissions FROM kith_app, kith_definer;
DROP PROCEDURE protect_through, protect_shared, protect_owned, forbid_by_default;
DROP FUNCTION guard_record, scope_condition, unowned_condition, is_admin, has_role, my_team_user_ids, my_company_ids, access_scope;
DROP TABLE record_access;
