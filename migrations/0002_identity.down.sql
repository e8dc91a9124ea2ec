DROP TABLE refresh_tokens, team_members, memberships, teams, role_permissions, roles, permissions,
  users, organizations;
DROP FUNCTION keep_an_owner, join_listed_team;
