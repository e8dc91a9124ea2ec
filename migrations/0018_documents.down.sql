DELETE FROM record_tables WHERE entity = 'document';
DELETE FROM record_access WHERE table_name = 'documents';
DELETE FROM subject_kinds WHERE table_name = 'documents';
-- What nothing is about any more needs not to be followed.
DO $$
DECLARE subject record;
BEGIN
  FOR subject IN SELECT r.table_name FROM record_tables r WHERE NOT EXISTS (SELECT 1 FROM subject_kinds k WHERE k.entity = r.entity) LOOP
    EXECUTE format('DROP TRIGGER IF EXISTS %I ON %I', subject.table_name || '_changed_hands', subject.table_name);
  END LOOP;
END
$$;
DELETE FROM jobs WHERE kind IN ('sweep_storage', 'make_thumbnail');
CALL write_record_visible();
DROP FUNCTION forget_files, doomed_files, sweep_documents, organizations_with_sweep_documents, document_retention, set_thumbnail, document_file, open_document_link,
  purge_document, add_upload_part, drop_file, finish_file, begin_file, storage_left;
DROP TABLE document_links, upload_parts, uploads, document_versions, documents;
DROP TABLE stored_files, storage_usage;
DROP FUNCTION queue_thumbnails, keep_versions, free_files, doom_files, take_file, count_storage;
DELETE FROM role_permissions WHERE resource = 'documents';
DELETE FROM role_defaults WHERE resource = 'documents';
DELETE FROM permissions WHERE resource = 'documents';
