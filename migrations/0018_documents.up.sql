-- Documents: files about records, with versions (MODEL §4). What is in a file lies in the storage (a folder or an
-- object store); here is which files there are, what they are about and who may have them.
--
-- Every object in the storage has a row here before its first byte is written, and keeps it until its last is
-- gone: a crash between the two leaves a row by which the sweeper finds the object, never an object alone.

-- How much an organization keeps. `quota` in bytes overrides the operator's setting for one organization.
CREATE TABLE storage_usage (
  organization_id  uuid PRIMARY KEY REFERENCES organizations ON DELETE CASCADE,
  bytes            bigint NOT NULL DEFAULT 0 CHECK (bytes >= 0),
  quota            bigint CHECK (quota >= 0)
);
CALL forbid_by_default('storage_usage');

-- Objects in the storage, under the key <organization>/<id>.
CREATE TABLE stored_files (
  organization_id  uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  purpose          text NOT NULL CHECK (purpose IN ('content', 'part', 'thumbnail')),
  -- writing: somebody may still be sending it. doomed: to be removed, and not to be used any more.
  state            text NOT NULL DEFAULT 'writing' CHECK (state IN ('writing', 'kept', 'doomed')),
  size             bigint CHECK (size >= 0),
  -- SHA-256.
  checksum         bytea CHECK (octet_length(checksum) = 32),
  -- As sniffed from the content.
  mime_type        text CHECK (char_length(mime_type) BETWEEN 3 AND 150),
  -- While it is being written: when its sender is given up for lost.
  expires_at       timestamptz,
  created_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid,
  PRIMARY KEY (organization_id, id),
  CHECK ((state = 'kept') <= (size IS NOT NULL AND checksum IS NOT NULL AND mime_type IS NOT NULL)),
  CHECK ((state = 'writing') = (expires_at IS NOT NULL))
);
CREATE INDEX stored_files_to_remove ON stored_files (organization_id, id) WHERE state = 'doomed';
CREATE INDEX stored_files_writing ON stored_files (expires_at) WHERE state = 'writing';
CALL forbid_by_default('stored_files');

-- What is kept counts; what is doomed counts until it is gone.
CREATE FUNCTION count_storage() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    INSERT INTO storage_usage AS u (organization_id, bytes)
    SELECT n.organization_id, sum(coalesce(n.size, 0) - coalesce(o.size, 0))
    FROM new_rows n JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id AND o.size IS DISTINCT FROM n.size
    GROUP BY 1 HAVING sum(coalesce(n.size, 0) - coalesce(o.size, 0)) <> 0
    ON CONFLICT (organization_id) DO UPDATE SET bytes = u.bytes + excluded.bytes;
  ELSE
    UPDATE storage_usage u SET bytes = greatest(0, u.bytes - g.bytes)
    FROM (SELECT organization_id, sum(coalesce(size, 0)) AS bytes FROM old_rows GROUP BY 1) g WHERE u.organization_id = g.organization_id;
  END IF;
  RETURN NULL;
END
$$;
ALTER FUNCTION count_storage() OWNER TO kith_definer;
CREATE TRIGGER stored_files_count_update AFTER UPDATE ON stored_files REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION count_storage();
CREATE TRIGGER stored_files_count_delete AFTER DELETE ON stored_files REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION count_storage();

CREATE TABLE documents (
  organization_id     uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id                  uuid NOT NULL DEFAULT uuid_v7(),
  subject_type        text NOT NULL,
  subject_id          uuid NOT NULL,
  subject_owner_id    uuid,
  subject_company_id  uuid,
  file_name           text COLLATE "und-x-icu" NOT NULL CHECK (char_length(file_name) BETWEEN 1 AND 255 AND file_name !~ '[[:cntrl:]/\\]'),
  description         text CHECK (char_length(description) <= 5000),
  -- Of the newest version; what the file itself says, kept by trigger.
  file_size           bigint NOT NULL DEFAULT 0,
  mime_type           text NOT NULL DEFAULT 'application/octet-stream',
  checksum            text,
  revision            integer NOT NULL DEFAULT 1 CHECK (revision > 0),
  uploaded_by         uuid,
  has_thumbnail       boolean NOT NULL DEFAULT false,
  storage_key         uuid NOT NULL,
  thumbnail_key       uuid,
  created_at          timestamptz NOT NULL DEFAULT now(),
  updated_at          timestamptz NOT NULL DEFAULT now(),
  deleted_at          timestamptz,
  created_by          uuid,
  updated_by          uuid,
  version             bigint NOT NULL DEFAULT 1,
  search_text         text GENERATED ALWAYS AS (fold_text(file_name || ' ' || left(coalesce(description, ''), 1000))) STORED,
  search_vector       tsvector GENERATED ALWAYS AS (to_tsvector('simple', fold_text(regexp_replace(file_name, '[._-]+', ' ', 'g') || ' ' || file_name || ' ' || coalesce(description, '')))) STORED,
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, storage_key) REFERENCES stored_files (organization_id, id),
  FOREIGN KEY (organization_id, thumbnail_key) REFERENCES stored_files (organization_id, id)
);
CALL index_fields('documents', ARRAY['file_name', 'file_size', 'mime_type', 'uploaded_by', 'created_by', 'created_at', 'updated_at'], 'deleted_at IS NULL');
CREATE INDEX documents_deleted ON documents (organization_id, deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX documents_search_text ON documents USING gin (organization_id, search_text gin_trgm_ops);
CREATE INDEX documents_search_vector ON documents USING gin (organization_id, search_vector);
CREATE INDEX documents_storage_key ON documents (organization_id, storage_key);
CREATE INDEX documents_thumbnail_key ON documents (organization_id, thumbnail_key) WHERE thumbnail_key IS NOT NULL;

-- Each file that a document ever had.
CREATE TABLE document_versions (
  organization_id  uuid NOT NULL,
  document_id      uuid NOT NULL,
  revision         integer NOT NULL CHECK (revision > 0),
  storage_key      uuid NOT NULL,
  file_name        text NOT NULL,
  file_size        bigint NOT NULL,
  mime_type        text NOT NULL,
  checksum         text NOT NULL,
  uploaded_by      uuid,
  created_at       timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, document_id, revision),
  FOREIGN KEY (organization_id, document_id) REFERENCES documents (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, storage_key) REFERENCES stored_files (organization_id, id)
);
CREATE UNIQUE INDEX document_versions_storage_key ON document_versions (organization_id, storage_key);

-- Which file a document has is said by its storage key alone; everything about the file follows from it. The file
-- must have been sent by whoever writes, and be no other document's.
CREATE FUNCTION take_file() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  file stored_files;
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.storage_key = OLD.storage_key THEN
    NEW.file_size := OLD.file_size;
    NEW.mime_type := OLD.mime_type;
    NEW.checksum := OLD.checksum;
    NEW.revision := OLD.revision;
    NEW.uploaded_by := OLD.uploaded_by;
    NEW.has_thumbnail := NEW.thumbnail_key IS NOT NULL;
    RETURN NEW;
  END IF;
  SELECT f.* INTO file FROM stored_files f
  WHERE f.organization_id = NEW.organization_id AND f.id = NEW.storage_key AND f.purpose = 'content' AND f.state = 'kept' FOR UPDATE;
  IF NOT FOUND OR file.created_by IS DISTINCT FROM current_user_id()
    OR EXISTS (SELECT 1 FROM document_versions v WHERE v.organization_id = NEW.organization_id AND v.storage_key = NEW.storage_key) THEN
    RAISE EXCEPTION 'There is no such file that you have sent.' USING ERRCODE = 'KT409', COLUMN = 'file';
  END IF;
  NEW.file_size := file.size;
  NEW.mime_type := file.mime_type;
  NEW.checksum := encode(file.checksum, 'hex');
  NEW.uploaded_by := current_user_id();
  NEW.revision := CASE TG_OP WHEN 'UPDATE' THEN OLD.revision + 1 ELSE 1 END;
  NEW.thumbnail_key := NULL;
  NEW.has_thumbnail := false;
  RETURN NEW;
END
$$;
ALTER FUNCTION take_file() OWNER TO kith_definer;
CREATE TRIGGER documents_take_file BEFORE INSERT OR UPDATE ON documents FOR EACH ROW EXECUTE FUNCTION take_file();

-- Remembers each version, and gives up thumbnails that are no longer shown.
CREATE FUNCTION keep_versions() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO document_versions (organization_id, document_id, revision, storage_key, file_name, file_size, mime_type, checksum, uploaded_by)
  SELECT n.organization_id, n.id, n.revision, n.storage_key, n.file_name, n.file_size, n.mime_type, n.checksum, n.uploaded_by
  FROM new_rows n ON CONFLICT (organization_id, document_id, revision) DO NOTHING;
  IF TG_OP = 'UPDATE' THEN
    PERFORM doom_files(ARRAY(
      SELECT o.thumbnail_key FROM old_rows o JOIN new_rows n ON n.organization_id = o.organization_id AND n.id = o.id
      WHERE o.thumbnail_key IS NOT NULL AND n.thumbnail_key IS DISTINCT FROM o.thumbnail_key), o.organization_id)
    FROM (SELECT DISTINCT organization_id FROM old_rows) o;
  END IF;
  RETURN NULL;
END
$$;
ALTER FUNCTION keep_versions() OWNER TO kith_definer;

-- Gives files up and queues their removal.
CREATE FUNCTION doom_files(files uuid[], of_organization uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF cardinality(files) = 0 THEN
    RETURN;
  END IF;
  UPDATE stored_files SET state = 'doomed', expires_at = NULL
  WHERE organization_id = of_organization AND id = ANY (files) AND state <> 'doomed';
  IF FOUND AND current_organization_id() = of_organization THEN
    PERFORM enqueue_job('sweep_storage', '{}', NULL, 'sweep');
  END IF;
END
$$;
ALTER FUNCTION doom_files(uuid[], uuid) OWNER TO kith_definer;
REVOKE ALL ON FUNCTION doom_files(uuid[], uuid) FROM PUBLIC;

-- The last reference to a file is gone, and with it the file.
CREATE FUNCTION free_files() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM doom_files(ARRAY(
    SELECT key FROM (
      SELECT (to_jsonb(o) ->> 'storage_key')::uuid AS key FROM old_rows o WHERE o.organization_id = g.organization_id
      UNION SELECT (to_jsonb(o) ->> 'thumbnail_key')::uuid FROM old_rows o WHERE o.organization_id = g.organization_id
    ) keys
    WHERE key IS NOT NULL AND NOT EXISTS (SELECT 1 FROM document_versions v WHERE v.organization_id = g.organization_id AND v.storage_key = key)
  ), g.organization_id)
  FROM (SELECT DISTINCT organization_id FROM old_rows) g;
  RETURN NULL;
END
$$;
ALTER FUNCTION free_files() OWNER TO kith_definer;
CREATE TRIGGER documents_keep_versions_insert AFTER INSERT ON documents REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION keep_versions();
CREATE TRIGGER documents_keep_versions_update AFTER UPDATE ON documents REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION keep_versions();
CREATE TRIGGER documents_free_files AFTER DELETE ON documents REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION free_files();
CREATE TRIGGER document_versions_free_files AFTER DELETE ON document_versions REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION free_files();

CALL declare_resource('documents', ARRAY['create', 'read', 'update', 'delete', 'export', 'bulk']);
CALL default_grant('manager', ARRAY['documents'], ARRAY['create', 'read', 'update', 'delete', 'export', 'bulk'], 'all');
DO $$
DECLARE key text;
BEGIN
  FOREACH key IN ARRAY ARRAY['sales', 'support', 'finance', 'member'] LOOP
    CALL default_grant(key, ARRAY['documents'], ARRAY['create', 'read', 'export'], 'all');
    CALL default_grant(key, ARRAY['documents'], ARRAY['update', 'delete'], 'assigned');
  END LOOP;
END
$$;
CALL default_grant('viewer', ARRAY['documents'], ARRAY['read'], 'all');
SELECT apply_role_defaults(NULL, 'documents');
-- Everything that has an owner to ask about and exists by now.
DO $$
DECLARE
  subjects text[] := ARRAY(
    SELECT r.entity FROM record_tables r JOIN record_access a USING (table_name)
    WHERE r.entity IN ('company', 'contact', 'lead', 'deal', 'project', 'ticket', 'campaign', 'invoice') AND a.kind = 'owned' ORDER BY r.entity);
BEGIN
  CALL add_subject('documents', subjects);
END
$$;
CALL protect_about('documents', 'documents');
CALL install_entity('document', 'documents', 'file_name', 'documents');
CREATE TRIGGER documents_guard BEFORE INSERT OR UPDATE ON documents FOR EACH ROW EXECUTE FUNCTION guard_record('documents', 'created_by', '');
-- What follows from the file, and where the file lies, is not for the application to write.
REVOKE UPDATE ON documents FROM kith_app;
GRANT UPDATE (file_name, description, storage_key, deleted_at, subject_type, subject_id) ON documents TO kith_app;

-- Versions are seen with their document.
CALL forbid_by_default('document_versions');
CREATE POLICY document_versions_read ON document_versions FOR SELECT TO kith_app
  USING (organization_id = current_organization_id() AND EXISTS (
    SELECT 1 FROM documents d WHERE d.organization_id = document_versions.organization_id AND d.id = document_versions.document_id));
GRANT SELECT ON document_versions TO kith_app;

-- A file that arrives in pieces, perhaps over days, perhaps at several nodes. Each piece lies in the storage until
-- the last is there.
CREATE TABLE uploads (
  organization_id  uuid NOT NULL,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  user_id          uuid NOT NULL,
  subject_type     text NOT NULL,
  subject_id       uuid NOT NULL,
  -- A new version of this document.
  document_id      uuid,
  file_name        text NOT NULL CHECK (char_length(file_name) BETWEEN 1 AND 255),
  description      text CHECK (char_length(description) <= 5000),
  file_size        bigint NOT NULL CHECK (file_size >= 0),
  received         bigint NOT NULL DEFAULT 0 CHECK (received BETWEEN 0 AND file_size),
  expires_at       timestamptz NOT NULL,
  created_at       timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, user_id) REFERENCES memberships (organization_id, user_id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, document_id) REFERENCES documents (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX uploads_expires_at ON uploads (expires_at);
CREATE TABLE upload_parts (
  organization_id  uuid NOT NULL,
  upload_id        uuid NOT NULL,
  begins_at        bigint NOT NULL CHECK (begins_at >= 0),
  size             bigint NOT NULL CHECK (size > 0),
  storage_key      uuid NOT NULL,
  PRIMARY KEY (organization_id, upload_id, begins_at),
  FOREIGN KEY (organization_id, upload_id) REFERENCES uploads (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, storage_key) REFERENCES stored_files (organization_id, id)
);
CREATE INDEX upload_parts_storage_key ON upload_parts (organization_id, storage_key);
CREATE TRIGGER upload_parts_free_files AFTER DELETE ON upload_parts REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION free_files();
CALL forbid_by_default('uploads');
CALL forbid_by_default('upload_parts');
CREATE POLICY uploads_own ON uploads TO kith_app
  USING (organization_id = current_organization_id() AND user_id = (SELECT current_user_id()))
  WITH CHECK (organization_id = current_organization_id() AND user_id = (SELECT current_user_id())
    AND (SELECT access_scope('documents', 'create')) IS NOT NULL);
GRANT SELECT, INSERT, DELETE ON uploads TO kith_app;
CREATE POLICY upload_parts_read ON upload_parts FOR SELECT TO kith_app
  USING (organization_id = current_organization_id() AND EXISTS (
    SELECT 1 FROM uploads u WHERE u.organization_id = upload_parts.organization_id AND u.id = upload_parts.upload_id));
GRANT SELECT ON upload_parts TO kith_app;

-- What the acting organization may still keep; null without a bound. `otherwise` is the operator's setting.
CREATE FUNCTION storage_left(otherwise bigint) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  usage storage_usage;
BEGIN
  SELECT u.* INTO usage FROM storage_usage u WHERE u.organization_id = current_organization_id();
  -- Without a bound there is none: greatest() would make nothing of null.
  RETURN CASE WHEN coalesce(usage.quota, otherwise) IS NOT NULL
    THEN greatest(0, coalesce(usage.quota, otherwise) - coalesce(usage.bytes, 0)) END;
END
$$;

-- Announces an object that is about to be written.
CREATE FUNCTION begin_file(new_purpose text, moment timestamptz) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  made uuid;
BEGIN
  IF new_purpose <> 'thumbnail' AND access_scope('documents', 'create') IS NULL AND access_scope('documents', 'update') IS NULL THEN
    RAISE EXCEPTION 'You may not add documents.' USING ERRCODE = 'KT403';
  ELSIF new_purpose = 'thumbnail' THEN
    PERFORM require_no_user();
  END IF;
  INSERT INTO stored_files (organization_id, purpose, expires_at, created_by)
  VALUES (current_organization_id(), new_purpose, moment + interval '1 day', current_user_id())
  RETURNING id INTO made;
  RETURN made;
END
$$;

-- The object is written in full. Refuses what would exceed the quota; whoever else finishes at the same moment
-- waits here, so that two cannot both be the last that fits.
CREATE FUNCTION finish_file(of_file uuid, new_size bigint, new_checksum bytea, new_type text, otherwise bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  usage storage_usage;
BEGIN
  INSERT INTO storage_usage (organization_id) VALUES (current_organization_id()) ON CONFLICT DO NOTHING;
  SELECT u.* INTO usage FROM storage_usage u WHERE u.organization_id = current_organization_id() FOR UPDATE;
  IF usage.bytes + new_size > coalesce(usage.quota, otherwise) THEN
    RAISE EXCEPTION 'The organization''s storage is full: % of % bytes are in use and this needs %. Remove documents that nobody needs, or ask the operator for more.',
      usage.bytes, coalesce(usage.quota, otherwise), new_size USING ERRCODE = 'KT409', COLUMN = 'file';
  END IF;
  UPDATE stored_files SET state = 'kept', size = new_size, checksum = new_checksum, mime_type = new_type, expires_at = NULL
  WHERE organization_id = current_organization_id() AND id = of_file AND state = 'writing' AND created_by IS NOT DISTINCT FROM current_user_id();
  IF NOT FOUND THEN
    RAISE EXCEPTION 'The upload took too long and was given up.' USING ERRCODE = 'KT409', COLUMN = 'file';
  END IF;
END
$$;

-- Gives up an object that the acting user was writing, or that no document has.
CREATE FUNCTION drop_file(of_file uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM doom_files(ARRAY(
    SELECT f.id FROM stored_files f
    WHERE f.organization_id = current_organization_id() AND f.id = of_file AND f.created_by IS NOT DISTINCT FROM current_user_id()
      AND NOT EXISTS (SELECT 1 FROM document_versions v WHERE v.organization_id = f.organization_id AND v.storage_key = f.id)
      AND NOT EXISTS (SELECT 1 FROM upload_parts p WHERE p.organization_id = f.organization_id AND p.storage_key = f.id)
      AND NOT EXISTS (SELECT 1 FROM documents d WHERE d.organization_id = f.organization_id AND d.thumbnail_key = f.id)), current_organization_id());
END
$$;

-- Adds a piece to an upload of the acting user, if it begins where the upload ends. Answers what has been received
-- then; null when another piece came first.
CREATE FUNCTION add_upload_part(of_upload uuid, part_begins bigint, part_size bigint, of_file uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  after bigint;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM stored_files f WHERE f.organization_id = current_organization_id() AND f.id = of_file AND f.purpose = 'part'
      AND f.state = 'kept' AND f.size = part_size AND f.created_by = current_user_id()) THEN
    RAISE EXCEPTION 'There is no such piece.' USING ERRCODE = 'KT409';
  END IF;
  UPDATE uploads SET received = received + part_size
  WHERE organization_id = current_organization_id() AND id = of_upload AND user_id = current_user_id() AND received = part_begins
    AND part_begins + part_size <= file_size
  RETURNING received INTO after;
  IF after IS NOT NULL THEN
    INSERT INTO upload_parts VALUES (current_organization_id(), of_upload, part_begins, part_size, of_file);
  END IF;
  RETURN after;
END
$$;

-- Removes a document for good, with every version; for whoever may delete it.
CREATE FUNCTION purge_document(of_document uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  scope constant text := access_scope('documents', 'delete');
BEGIN
  DELETE FROM documents d
  WHERE d.organization_id = current_organization_id() AND d.id = of_document
    AND (scope = 'all' OR scope IS NOT NULL AND d.created_by = current_user_id()
      OR scope = 'team' AND d.created_by = ANY (my_team_user_ids()));
  RETURN FOUND;
END
$$;

-- Links to a document for people without an account: 256 random bits of which the hash is kept, until a moment.
CREATE TABLE document_links (
  organization_id  uuid NOT NULL,
  id               uuid NOT NULL DEFAULT uuid_v7(),
  document_id      uuid NOT NULL,
  -- Null: the newest at the time it is opened.
  revision         integer,
  token_hash       bytea NOT NULL UNIQUE,
  expires_at       timestamptz NOT NULL,
  opened           bigint NOT NULL DEFAULT 0,
  last_opened_at   timestamptz,
  created_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid NOT NULL,
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, document_id) REFERENCES documents (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, created_by) REFERENCES memberships (organization_id, user_id) ON DELETE CASCADE
);
CREATE INDEX document_links_document ON document_links (organization_id, document_id);
CREATE INDEX document_links_expires_at ON document_links (expires_at);
CALL forbid_by_default('document_links');
CREATE POLICY document_links_read ON document_links FOR SELECT TO kith_app
  USING (organization_id = current_organization_id() AND EXISTS (
    SELECT 1 FROM documents d WHERE d.organization_id = document_links.organization_id AND d.id = document_links.document_id));
CREATE POLICY document_links_create ON document_links FOR INSERT TO kith_app
  WITH CHECK (organization_id = current_organization_id() AND created_by = (SELECT current_user_id())
    AND (SELECT access_scope('documents', 'export')) IS NOT NULL AND EXISTS (
    SELECT 1 FROM documents d WHERE d.organization_id = document_links.organization_id AND d.id = document_links.document_id));
CREATE POLICY document_links_delete ON document_links FOR DELETE TO kith_app
  USING (organization_id = current_organization_id() AND (created_by = (SELECT current_user_id()) OR (SELECT access_scope('documents', 'update')) = 'all'));
GRANT SELECT (organization_id, id, document_id, revision, expires_at, opened, last_opened_at, created_at, created_by) ON document_links TO kith_app;
GRANT INSERT (organization_id, document_id, revision, token_hash, expires_at, created_by), DELETE ON document_links TO kith_app;

-- What a link leads to: no row when it is unknown, too old, or whoever made it may not read the document any more.
CREATE FUNCTION open_document_link(presented_hash bytea, moment timestamptz)
RETURNS TABLE (organization_id uuid, storage_key uuid, file_name text, file_size bigint, mime_type text, checksum text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  link document_links;
  readable boolean;
BEGIN
  PERFORM require_no_user();
  SELECT l.* INTO link FROM document_links l
  JOIN documents d ON d.organization_id = l.organization_id AND d.id = l.document_id AND d.deleted_at IS NULL
  WHERE l.token_hash = presented_hash AND l.expires_at > moment;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  PERFORM set_config('kith.organization', link.organization_id::text, true);
  readable := (readable_by(link.created_by, ARRAY['document'], ARRAY[link.document_id]))[1];
  PERFORM set_config('kith.organization', '', true);
  IF NOT coalesce(readable, false) THEN
    RETURN;
  END IF;
  UPDATE document_links l SET opened = l.opened + 1, last_opened_at = moment WHERE l.organization_id = link.organization_id AND l.id = link.id;
  RETURN QUERY
  SELECT v.organization_id, v.storage_key, v.file_name, v.file_size, v.mime_type, v.checksum
  FROM document_versions v
  WHERE v.organization_id = link.organization_id AND v.document_id = link.document_id AND (link.revision IS NULL OR v.revision = link.revision)
  ORDER BY v.revision DESC LIMIT 1;
END
$$;

-- For the job that makes thumbnails: the file of a document's newest version, and where its picture goes.
CREATE FUNCTION document_file(of_document uuid) RETURNS TABLE (storage_key uuid, file_size bigint, mime_type text, revision integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM require_no_user();
  RETURN QUERY SELECT d.storage_key, d.file_size, d.mime_type, d.revision FROM documents d
  WHERE d.organization_id = current_organization_id() AND d.id = of_document AND NOT d.has_thumbnail;
END
$$;

CREATE FUNCTION set_thumbnail(of_document uuid, of_revision integer, of_file uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_no_user();
  UPDATE documents SET thumbnail_key = of_file
  WHERE organization_id = current_organization_id() AND id = of_document AND revision = of_revision AND thumbnail_key IS NULL
    AND EXISTS (SELECT 1 FROM stored_files f WHERE f.organization_id = current_organization_id() AND f.id = of_file AND f.purpose = 'thumbnail' AND f.state = 'kept');
  RETURN FOUND;
END
$$;

-- A picture on its way gets its thumbnail made.
CREATE FUNCTION queue_thumbnails() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM enqueue_job('make_thumbnail', jsonb_build_object('document_id', n.id), NULL, n.id::text, 3)
    FROM new_rows n WHERE n.mime_type IN ('image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/bmp');
  ELSE
    PERFORM enqueue_job('make_thumbnail', jsonb_build_object('document_id', n.id), NULL, n.id::text, 3)
    FROM new_rows n JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id AND o.storage_key <> n.storage_key
    WHERE n.mime_type IN ('image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/bmp');
  END IF;
  RETURN NULL;
END
$$;
ALTER FUNCTION queue_thumbnails() OWNER TO kith_definer;
CREATE TRIGGER documents_thumbnail_insert AFTER INSERT ON documents REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION queue_thumbnails();
CREATE TRIGGER documents_thumbnail_update AFTER UPDATE ON documents REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION queue_thumbnails();

-- For how long a deleted document can come back: as the organization says, else thirty days.
CREATE FUNCTION document_retention(settings jsonb) RETURNS interval
LANGUAGE sql IMMUTABLE AS $$
  SELECT make_interval(days => coalesce((settings #>> '{retention,document_days}')::integer, (settings #>> '{retention,deleted_days}')::integer, 30))
$$;

-- Scheduled: gives up what nobody finishes, purges documents that were deleted long ago, and has the
-- storage swept. The acting organization's, a bounded piece.
CREATE FUNCTION organizations_with_sweep_documents(moment timestamptz) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_no_user();
  RETURN QUERY
  SELECT organization_id FROM stored_files WHERE state = 'writing' AND expires_at <= moment
  UNION SELECT organization_id FROM uploads WHERE expires_at <= moment
  UNION SELECT organization_id FROM document_links WHERE expires_at <= moment - interval '30 days'
  UNION SELECT d.organization_id FROM documents d JOIN organizations o ON o.id = d.organization_id
    WHERE d.deleted_at <= moment - document_retention(o.settings)
  UNION SELECT f.organization_id FROM stored_files f WHERE f.state = 'doomed'
    AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.organization_id = f.organization_id AND j.kind = 'sweep_storage' AND j.status IN ('queued', 'running'));
END
$$;

CREATE FUNCTION sweep_documents(moment timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  done bigint := 0;
  changed bigint;
  lost uuid[];
BEGIN
  PERFORM require_no_user();
  DELETE FROM uploads WHERE organization_id = current_organization_id() AND expires_at <= moment;
  GET DIAGNOSTICS changed = ROW_COUNT;
  done := done + changed;
  DELETE FROM document_links WHERE organization_id = current_organization_id() AND expires_at <= moment - interval '30 days';
  GET DIAGNOSTICS changed = ROW_COUNT;
  done := done + changed;
  DELETE FROM documents WHERE organization_id = current_organization_id() AND id IN (
    SELECT d.id FROM documents d JOIN organizations o ON o.id = d.organization_id
    WHERE d.organization_id = current_organization_id() AND d.deleted_at <= moment - document_retention(o.settings) LIMIT 500);
  GET DIAGNOSTICS changed = ROW_COUNT;
  done := done + changed;
  lost := ARRAY(SELECT id FROM stored_files WHERE organization_id = current_organization_id() AND state = 'writing' AND expires_at <= moment LIMIT 5000);
  PERFORM doom_files(lost, current_organization_id());
  done := done + cardinality(lost);
  -- Files that were kept and that nothing refers to: whoever sent them died before the document was made.
  lost := ARRAY(
    SELECT f.id FROM stored_files f
    WHERE f.organization_id = current_organization_id() AND f.state = 'kept' AND f.created_at <= moment - interval '2 days'
      AND NOT EXISTS (SELECT 1 FROM document_versions v WHERE v.organization_id = f.organization_id AND v.storage_key = f.id)
      AND NOT EXISTS (SELECT 1 FROM upload_parts p WHERE p.organization_id = f.organization_id AND p.storage_key = f.id)
      AND NOT EXISTS (SELECT 1 FROM documents d WHERE d.organization_id = f.organization_id AND d.thumbnail_key = f.id) LIMIT 5000);
  PERFORM doom_files(lost, current_organization_id());
  done := done + cardinality(lost);
  IF EXISTS (SELECT 1 FROM stored_files WHERE organization_id = current_organization_id() AND state = 'doomed')
    AND NOT EXISTS (SELECT 1 FROM jobs WHERE organization_id = current_organization_id() AND kind = 'sweep_storage' AND status IN ('queued', 'running')) THEN
    PERFORM enqueue_job('sweep_storage', '{}', NULL, 'sweep');
  END IF;
  RETURN done;
END
$$;

-- For the job that removes objects: what is doomed, and that it is gone.
CREATE FUNCTION doomed_files(at_most integer) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_no_user();
  RETURN QUERY SELECT id FROM stored_files WHERE organization_id = current_organization_id() AND state = 'doomed' ORDER BY id LIMIT at_most;
END
$$;

CREATE FUNCTION forget_files(files uuid[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  gone bigint;
BEGIN
  PERFORM require_no_user();
  DELETE FROM stored_files WHERE organization_id = current_organization_id() AND id = ANY (files) AND state = 'doomed';
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone;
END
$$;

DO $$
DECLARE door text;
BEGIN
  FOREACH door IN ARRAY ARRAY['storage_left(bigint)', 'begin_file(text, timestamptz)', 'finish_file(uuid, bigint, bytea, text, bigint)', 'drop_file(uuid)',
    'add_upload_part(uuid, bigint, bigint, uuid)', 'purge_document(uuid)', 'open_document_link(bytea, timestamptz)', 'document_file(uuid)',
    'set_thumbnail(uuid, integer, uuid)', 'organizations_with_sweep_documents(timestamptz)', 'sweep_documents(timestamptz)', 'doomed_files(integer)',
    'forget_files(uuid[])'] LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO kith_definer', door);
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', door);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO kith_app', door);
  END LOOP;
END
$$;
