DROP FUNCTION end_import_undo(uuid), import_changed_entities(uuid), import_changes(uuid, text), settle_import_undo(uuid),
  keep_imported(uuid, text, uuid[], text, text[]), rows_allowing(text, uuid[], text), begin_import_undo(uuid, text[]),
  is_hidden_when_deleted(text), require_undoable(uuid);
DROP TABLE import_undoing;
ALTER TABLE imports DROP COLUMN undo, DROP COLUMN undone_by, DROP COLUMN undone_at;
