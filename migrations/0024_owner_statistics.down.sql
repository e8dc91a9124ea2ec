-- The columns keep their statistics: they only help.
DROP PROCEDURE weigh_owners();
