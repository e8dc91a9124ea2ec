-- Conversations and their messages, the accounts they go through, and who has read what (MODEL §4; 000).

-- Whoever reads all of an entity's records by their scope, but needs another permission for some of them, does not read it in
-- full: for those each record is asked.
ALTER TABLE record_tables ADD COLUMN IF NOT EXISTS also_needs text;
CREATE OR REPLACE FUNCTION entities_read_in_full() RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN ARRAY(SELECT r.entity FROM record_tables r
    WHERE access_scope(r.resource, 'read') = 'all' AND (r.also_needs IS NULL OR access_scope(r.also_needs, 'read') IS NOT NULL));
END
$$;

-- Tells people something where notifications are kept; they are kept by a later migration.
CREATE FUNCTION announce(users uuid[], kind text, title text, message text, entity text, record uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF cardinality(users) > 0 AND to_regprocedure('notify(uuid[], text, text, text, text, text, uuid)') IS NOT NULL THEN
    EXECUTE 'SELECT notify($1, $2, $3, $4, ''info'', $5, $6)' USING users, kind, title, message, entity, record;
  END IF;
END
$$;
ALTER FUNCTION announce(uuid[], text, text, text, text, uuid) OWNER TO kith_definer;
REVOKE ALL ON FUNCTION announce(uuid[], text, text, text, text, uuid) FROM PUBLIC;

-- A connected WhatsApp number, mailbox or Twilio number.
CREATE TABLE channel_accounts (
  organization_id   uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id                uuid NOT NULL DEFAULT uuid_v7(),
  name              text COLLATE "und-x-icu" NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
  channel           text NOT NULL CHECK (channel IN ('email', 'whatsapp', 'sms')),
  provider          text NOT NULL CHECK (provider IN ('smtp_imap', 'amazon_ses', 'mailgun', 'postmark', 'sendgrid', 'resend', 'brevo', 'mailersend',
                      'whatsapp_cloud', 'twilio', 'other')),
  -- The organization's own end: a mailbox, or a number as E.164.
  address           text COLLATE "C" NOT NULL CHECK (char_length(address) BETWEEN 3 AND 255 AND address = lower(address)),
  -- What the provider calls it: a phone number id, an account's SID.
  external_id       text CHECK (char_length(external_id) BETWEEN 1 AND 255),
  -- Who gets its new conversations, and the leads they make.
  assigned_to_id    uuid,
  is_active         boolean NOT NULL DEFAULT true,
  is_default        boolean NOT NULL DEFAULT false,
  status            text NOT NULL DEFAULT 'unverified' CHECK (status IN ('unverified', 'connected', 'failed')),
  last_error        text CHECK (char_length(last_error) <= 1000),
  last_active_at    timestamptz,
  settings          jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(settings) = 'object'),
  -- Which secrets are kept, by name, and since when; the secrets themselves stand elsewhere, sealed.
  secret_names      jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(secret_names) = 'array'),
  secrets_set_at    timestamptz,
  created_at        timestamptz NOT NULL DEFAULT now(),
  updated_at        timestamptz NOT NULL DEFAULT now(),
  deleted_at        timestamptz,
  created_by        uuid,
  updated_by        uuid,
  version           bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT channel_accounts_address_fits CHECK (CASE channel WHEN 'email' THEN position('@' IN address) > 1 ELSE address ~ '^\+[1-9][0-9]{6,14}$' END),
  FOREIGN KEY (organization_id, assigned_to_id) REFERENCES memberships (organization_id, user_id) ON DELETE SET NULL (assigned_to_id)
);
CREATE UNIQUE INDEX channel_accounts_address_unique ON channel_accounts (organization_id, channel, address) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX channel_accounts_external_id_unique ON channel_accounts (organization_id, provider, external_id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX channel_accounts_default_unique ON channel_accounts (organization_id, channel) WHERE is_default AND deleted_at IS NULL;
CALL index_fields('channel_accounts', ARRAY['name', 'channel', 'provider', 'address', 'assigned_to_id', 'is_active', 'status', 'created_at', 'updated_at'], 'deleted_at IS NULL');
CREATE INDEX channel_accounts_deleted ON channel_accounts (organization_id, deleted_at, id) WHERE deleted_at IS NOT NULL;

-- The secrets of an account, sealed with the operator's key by the server. No role reaches this table; it has no
-- history, no events and no exports.
CREATE TABLE channel_secrets (
  organization_id     uuid NOT NULL,
  channel_account_id  uuid NOT NULL,
  sealed              bytea NOT NULL CHECK (octet_length(sealed) <= 65536),
  updated_at          timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, channel_account_id),
  FOREIGN KEY (organization_id, channel_account_id) REFERENCES channel_accounts (organization_id, id) ON DELETE CASCADE
);
CALL forbid_by_default('channel_secrets');

-- Keeps the secrets of an account: these and no others. Without any, they are forgotten.
CREATE FUNCTION keep_channel_secrets(of_account uuid, new_sealed bytea, names jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF access_scope('channel_accounts', 'update') IS DISTINCT FROM 'all' THEN
    RAISE EXCEPTION 'You may not change channel accounts.' USING ERRCODE = 'KT403';
  END IF;
  UPDATE channel_accounts a SET secret_names = names, secrets_set_at = CASE WHEN names = '[]' THEN NULL ELSE now() END,
    status = 'unverified', last_error = NULL
  WHERE a.organization_id = current_organization_id() AND a.id = of_account AND a.deleted_at IS NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'There is no such channel account.' USING ERRCODE = 'KT422', COLUMN = 'id';
  END IF;
  DELETE FROM channel_secrets s WHERE s.organization_id = current_organization_id() AND s.channel_account_id = of_account;
  IF names <> '[]' THEN
    INSERT INTO channel_secrets (organization_id, channel_account_id, sealed) VALUES (current_organization_id(), of_account, new_sealed);
  END IF;
END
$$;
-- The sealed secrets, for background work that connects with them; never while a user acts.
CREATE FUNCTION channel_secrets_of(of_account uuid) RETURNS bytea
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_no_user();
  RETURN (SELECT s.sealed FROM channel_secrets s WHERE s.organization_id = current_organization_id() AND s.channel_account_id = of_account);
END
$$;

CREATE TABLE conversations (
  organization_id       uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
  id                    uuid NOT NULL DEFAULT uuid_v7(),
  subject_type          text NOT NULL,
  subject_id            uuid NOT NULL,
  subject_owner_id      uuid,
  subject_company_id    uuid,
  subject_project_id    uuid,
  -- The first message's subject line, or the name of whom it is with.
  title                 text COLLATE "und-x-icu" CHECK (char_length(title) BETWEEN 1 AND 255),
  channel               text NOT NULL DEFAULT 'email' CHECK (channel IN ('email', 'whatsapp', 'sms', 'internal')),
  status                text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused', 'closed')),
  -- Who began it.
  direction             text NOT NULL DEFAULT 'outbound' CHECK (direction IN ('inbound', 'outbound')),
  channel_account_id    uuid,
  -- Where they are reached.
  email                 email_address,
  phone                 phone_number,
  assigned_to_id        uuid,
  last_message_at       timestamptz,
  last_message_preview  text,
  last_inbound_at       timestamptz,
  last_outbound_at      timestamptz,
  -- Messages exchanged. Notes among ourselves count in internal conversations alone.
  message_count         integer NOT NULL DEFAULT 0 CHECK (message_count >= 0),
  inbound_count         integer NOT NULL DEFAULT 0 CHECK (inbound_count >= 0),
  -- Inbound messages that somebody who works the conversation has seen.
  seen_count            integer NOT NULL DEFAULT 0,
  unread_count          integer NOT NULL GENERATED ALWAYS AS (inbound_count - seen_count) STORED,
  closed_at             timestamptz,
  created_at            timestamptz NOT NULL DEFAULT now(),
  updated_at            timestamptz NOT NULL DEFAULT now(),
  deleted_at            timestamptz,
  created_by            uuid,
  updated_by            uuid,
  version               bigint NOT NULL DEFAULT 1,
  search_text           text GENERATED ALWAYS AS (fold_text(coalesce(title, '') || ' ' || coalesce(email::text, '') || ' ' || coalesce(phone::text, ''))) STORED,
  search_vector         tsvector GENERATED ALWAYS AS (to_tsvector('simple', fold_text(coalesce(title, '') || ' ' || coalesce(email::text, '')))) STORED,
  PRIMARY KEY (organization_id, id),
  -- What the messages' own copy of the subject points at.
  CONSTRAINT conversations_subject_unique UNIQUE (organization_id, id, subject_type, subject_id),
  CHECK (seen_count BETWEEN 0 AND inbound_count),
  CHECK ((status = 'closed') = (closed_at IS NOT NULL)),
  FOREIGN KEY (organization_id, channel_account_id) REFERENCES channel_accounts (organization_id, id) ON DELETE SET NULL (channel_account_id),
  FOREIGN KEY (organization_id, assigned_to_id) REFERENCES memberships (organization_id, user_id) ON DELETE SET NULL (assigned_to_id)
);
CALL index_fields('conversations', ARRAY['title', 'channel', 'status', 'direction', 'channel_account_id', 'email', 'phone', 'last_message_at', 'last_inbound_at',
  'message_count', 'unread_count', 'closed_at', 'created_at', 'updated_at'], 'deleted_at IS NULL');
CREATE INDEX conversations_assigned_to_id ON conversations (organization_id, assigned_to_id, last_message_at, id) WHERE deleted_at IS NULL;
ALTER TABLE conversations ALTER COLUMN assigned_to_id SET STATISTICS 1000;
CREATE INDEX conversations_deleted ON conversations (organization_id, deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX conversations_search_text ON conversations USING gin (organization_id, search_text gin_trgm_ops);
CREATE INDEX conversations_search_vector ON conversations USING gin (organization_id, search_vector);

-- What is said. Only how far it got changes afterwards.
CREATE TABLE messages (
  organization_id     uuid NOT NULL,
  id                  uuid NOT NULL DEFAULT uuid_v7(),
  conversation_id     uuid NOT NULL,
  -- The conversation's, so that what is said stands in the subject's timeline.
  subject_type        text NOT NULL CHECK (subject_type IN ('company', 'contact', 'lead')),
  subject_id          uuid NOT NULL,
  sender_type         text NOT NULL DEFAULT 'user' CHECK (sender_type IN ('user', 'lead', 'contact', 'system')),
  sender_user_id      uuid,
  sender_lead_id      uuid,
  sender_contact_id   uuid,
  sender_id           uuid GENERATED ALWAYS AS (coalesce(sender_user_id, sender_lead_id, sender_contact_id)) STORED,
  -- As the channel tells them.
  sender_name         text CHECK (char_length(sender_name) <= 255),
  sender_address      text CHECK (char_length(sender_address) <= 320),
  -- {"to": […], "cc": […], "bcc": […]}
  recipients          jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(recipients) = 'object'),
  message_type        text NOT NULL DEFAULT 'email' CHECK (message_type IN ('email', 'sms', 'whatsapp', 'call_note', 'internal')),
  direction           text NOT NULL DEFAULT 'outbound' CHECK (direction IN ('inbound', 'outbound')),
  content_type        text NOT NULL DEFAULT 'text' CHECK (content_type IN ('text', 'html', 'image', 'audio', 'video', 'document', 'sticker', 'location', 'contacts',
                        'template', 'interactive', 'reaction', 'system', 'unsupported')),
  subject             text CHECK (char_length(subject) <= 998),
  content             text NOT NULL DEFAULT '' CHECK (char_length(content) <= 50000),
  content_html        text CHECK (char_length(content_html) <= 500000),
  preview             text GENERATED ALWAYS AS (CASE WHEN message_type IN ('internal', 'call_note') THEN 'Internal note'
                        WHEN content = '' THEN coalesce(nullif(left(subject, 200), ''), initcap(content_type)) ELSE left(content, 200) END) STORED,
  status              text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'sent', 'delivered', 'read', 'failed')),
  occurred_at         timestamptz NOT NULL DEFAULT now(),
  sent_at             timestamptz,
  delivered_at        timestamptz,
  read_at             timestamptz,
  failed_at           timestamptz,
  failure_reason      text CHECK (char_length(failure_reason) <= 1000),
  channel_account_id  uuid,
  provider_id         text COLLATE "C" CHECK (char_length(provider_id) BETWEEN 1 AND 512),
  -- RFC 5322 §3.6.4, without the angle brackets.
  email_message_id    text COLLATE "C" CHECK (char_length(email_message_id) BETWEEN 1 AND 998),
  in_reply_to         text COLLATE "C" CHECK (char_length(in_reply_to) <= 998),
  email_references    jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(email_references) = 'array'),
  reply_to_id         uuid,
  email_template_id   uuid,
  campaign_id         uuid,
  -- [{"name", "content_type", "size", "provider_id", "url"}]
  attachments         jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(attachments) = 'array'),
  metadata            jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
  created_at          timestamptz NOT NULL DEFAULT now(),
  updated_at          timestamptz NOT NULL DEFAULT now(),
  created_by          uuid,
  updated_by          uuid,
  version             bigint NOT NULL DEFAULT 1,
  search_text         text GENERATED ALWAYS AS (fold_text(coalesce(subject, '') || ' ' || left(content, 2000))) STORED,
  search_vector       tsvector GENERATED ALWAYS AS (to_tsvector('simple', fold_text(coalesce(subject, '') || ' ' || left(content, 10000)))) STORED,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT messages_has_content CHECK (content <> '' OR content_html IS NOT NULL OR attachments <> '[]' OR content_type <> 'text'),
  CONSTRAINT messages_one_sender CHECK (num_nonnulls(sender_user_id, sender_lead_id, sender_contact_id) <= 1
    AND (sender_user_id IS NULL OR sender_type = 'user') AND (sender_lead_id IS NULL OR sender_type = 'lead')
    AND (sender_contact_id IS NULL OR sender_type = 'contact')),
  CONSTRAINT messages_between_us CHECK (message_type NOT IN ('internal', 'call_note') OR sender_type = 'user' OR sender_type = 'system'),
  FOREIGN KEY (organization_id, conversation_id, subject_type, subject_id)
    REFERENCES conversations (organization_id, id, subject_type, subject_id) ON UPDATE CASCADE ON DELETE CASCADE,
  FOREIGN KEY (organization_id, sender_user_id) REFERENCES memberships (organization_id, user_id) ON DELETE SET NULL (sender_user_id),
  FOREIGN KEY (organization_id, sender_lead_id) REFERENCES leads (organization_id, id) ON DELETE SET NULL (sender_lead_id),
  FOREIGN KEY (organization_id, sender_contact_id) REFERENCES contacts (organization_id, id) ON DELETE SET NULL (sender_contact_id),
  FOREIGN KEY (organization_id, channel_account_id) REFERENCES channel_accounts (organization_id, id) ON DELETE SET NULL (channel_account_id),
  FOREIGN KEY (organization_id, reply_to_id) REFERENCES messages (organization_id, id) ON DELETE SET NULL (reply_to_id),
  FOREIGN KEY (organization_id, email_template_id) REFERENCES email_templates (organization_id, id) ON DELETE SET NULL (email_template_id),
  FOREIGN KEY (organization_id, campaign_id) REFERENCES campaigns (organization_id, id) ON DELETE SET NULL (campaign_id)
);
-- What a provider calls a message is unique in its account: a webhook that comes twice makes one message.
CREATE UNIQUE INDEX messages_provider_id_unique ON messages (organization_id, message_type, channel_account_id, provider_id)
  NULLS NOT DISTINCT WHERE provider_id IS NOT NULL;
CREATE INDEX messages_conversation_id ON messages (organization_id, conversation_id, occurred_at, id);
CREATE INDEX messages_subject_id ON messages (organization_id, subject_id, occurred_at, id);
CREATE INDEX messages_email_message_id ON messages (organization_id, email_message_id) WHERE email_message_id IS NOT NULL;
CREATE INDEX messages_waiting ON messages (organization_id, created_at, id) WHERE status = 'queued';
CREATE INDEX messages_sender_lead ON messages (organization_id, sender_lead_id) WHERE sender_lead_id IS NOT NULL;
CREATE INDEX messages_sender_contact ON messages (organization_id, sender_contact_id) WHERE sender_contact_id IS NOT NULL;
CREATE INDEX messages_reply_to_id ON messages (organization_id, reply_to_id) WHERE reply_to_id IS NOT NULL;
CALL index_fields('messages', ARRAY['subject_type', 'message_type', 'direction', 'status', 'occurred_at', 'channel_account_id', 'campaign_id', 'created_at', 'updated_at'], NULL);
CREATE INDEX messages_search_text ON messages USING gin (organization_id, search_text gin_trgm_ops);
CREATE INDEX messages_search_vector ON messages USING gin (organization_id, search_vector);

-- How much of a conversation each person has seen.
CREATE TABLE conversation_reads (
  organization_id  uuid NOT NULL,
  conversation_id  uuid NOT NULL,
  user_id          uuid NOT NULL,
  -- Of its inbound messages.
  seen_count       integer NOT NULL CHECK (seen_count >= 0),
  read_at          timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, conversation_id, user_id),
  FOREIGN KEY (organization_id, conversation_id) REFERENCES conversations (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, user_id) REFERENCES memberships (organization_id, user_id) ON DELETE CASCADE
);
CREATE INDEX conversation_reads_user ON conversation_reads (organization_id, user_id, conversation_id);

-- Whether a message is one of those that a conversation exchanged.
CREATE FUNCTION is_exchanged(message_type text, channel text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT message_type NOT IN ('internal', 'call_note') OR channel = 'internal' $$;

-- A conversation is called after whom it is with and reaches them where they are known, unless it says otherwise.
CREATE FUNCTION describe_conversation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  known_name text;
  known_email text;
  known_phone text;
BEGIN
  IF NEW.subject_type = 'contact' THEN
    SELECT c.full_name, c.email, coalesce(c.phone, c.mobile) INTO known_name, known_email, known_phone
    FROM contacts c WHERE c.organization_id = NEW.organization_id AND c.id = NEW.subject_id;
  ELSIF NEW.subject_type = 'lead' THEN
    SELECT l.full_name, l.email, l.phone INTO known_name, known_email, known_phone
    FROM leads l WHERE l.organization_id = NEW.organization_id AND l.id = NEW.subject_id;
  ELSE
    SELECT c.name, c.email, c.phone INTO known_name, known_email, known_phone
    FROM companies c WHERE c.organization_id = NEW.organization_id AND c.id = NEW.subject_id;
  END IF;
  NEW.title := coalesce(NEW.title, nullif(left(known_name, 255), ''));
  IF NEW.channel = 'email' THEN
    NEW.email := coalesce(NEW.email, known_email);
  ELSIF NEW.channel IN ('whatsapp', 'sms') THEN
    NEW.phone := coalesce(NEW.phone, bare_phone(known_phone));
  END IF;
  RETURN NEW;
END
$$;
ALTER FUNCTION describe_conversation() OWNER TO kith_definer;
CREATE TRIGGER conversations_describe BEFORE INSERT ON conversations FOR EACH ROW EXECUTE FUNCTION describe_conversation();

-- What triggers keep, nobody else writes; a closed conversation has the moment at which it was closed.
CREATE FUNCTION keep_conversation() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF NEW.channel <> OLD.channel THEN
      RAISE EXCEPTION 'A conversation stays on its channel. Begin another.' USING ERRCODE = 'KT422', COLUMN = 'channel';
    END IF;
    IF current_user = 'kith_app' THEN
      NEW.last_message_at := OLD.last_message_at;
      NEW.last_message_preview := OLD.last_message_preview;
      NEW.last_inbound_at := OLD.last_inbound_at;
      NEW.last_outbound_at := OLD.last_outbound_at;
      NEW.message_count := OLD.message_count;
      NEW.inbound_count := OLD.inbound_count;
      NEW.seen_count := OLD.seen_count;
    END IF;
    NEW.closed_at := CASE WHEN NEW.status <> 'closed' THEN NULL WHEN OLD.status = 'closed' THEN OLD.closed_at ELSE now() END;
  ELSE
    NEW.last_message_at := NULL;
    NEW.last_message_preview := NULL;
    NEW.last_inbound_at := NULL;
    NEW.last_outbound_at := NULL;
    NEW.message_count := 0;
    NEW.inbound_count := 0;
    NEW.seen_count := 0;
    NEW.closed_at := CASE WHEN NEW.status = 'closed' THEN now() END;
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER conversations_keep BEFORE INSERT OR UPDATE ON conversations FOR EACH ROW EXECUTE FUNCTION keep_conversation();

-- The address of a conversation's other end.
CREATE FUNCTION conversation_address(c conversations) RETURNS text
LANGUAGE sql IMMUTABLE AS $$ SELECT CASE c.channel WHEN 'email' THEN c.email::text WHEN 'internal' THEN NULL ELSE bare_phone(c.phone::text) END $$;

-- Why somebody may not be written to on a channel; null when they may. They said so, or their address did.
CREATE FUNCTION unreachable(organization uuid, wanted_channel text, addresses text[], of_type text, of_id uuid) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  reason text;
BEGIN
  IF of_type = 'contact' AND EXISTS (SELECT 1 FROM contacts c WHERE c.organization_id = organization AND c.id = of_id AND refuses_channel(c.preferences, wanted_channel))
    OR of_type = 'lead' AND EXISTS (SELECT 1 FROM leads l WHERE l.organization_id = organization AND l.id = of_id AND refuses_channel(l.preferences, wanted_channel))
  THEN
    RETURN 'this person does not want to be contacted';
  END IF;
  SELECT s.reason INTO reason FROM suppressions s
  WHERE s.organization_id = organization AND s.channel = wanted_channel AND s.address = ANY (addresses) LIMIT 1;
  RETURN CASE reason WHEN 'unsubscribed' THEN 'this address has unsubscribed' WHEN 'bounced' THEN 'messages to this address come back'
    WHEN 'complained' THEN 'this address has complained' WHEN 'manual' THEN 'this address is not to be written to' END;
END
$$;
ALTER FUNCTION unreachable(uuid, text, text[], text, uuid) OWNER TO kith_definer;
REVOKE ALL ON FUNCTION unreachable(uuid, text, text[], text, uuid) FROM PUBLIC;

-- Nobody begins a conversation with whoever does not want one; whoever writes to us may.
CREATE FUNCTION refuse_unreachable_conversations() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  why text;
BEGIN
  SELECT u.why INTO why
  FROM new_rows n CROSS JOIN LATERAL (SELECT unreachable(n.organization_id, n.channel,
    ARRAY[CASE n.channel WHEN 'email' THEN n.email::text ELSE bare_phone(n.phone::text) END], n.subject_type, n.subject_id) AS why) u
  WHERE n.direction = 'outbound' AND n.channel <> 'internal' AND n.status <> 'closed' AND u.why IS NOT NULL LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'No conversation can begin: %.', why USING ERRCODE = 'KT409', COLUMN = 'subject_id';
  END IF;
  RETURN NULL;
END
$$;
ALTER FUNCTION refuse_unreachable_conversations() OWNER TO kith_definer;
CREATE TRIGGER conversations_reachable AFTER INSERT ON conversations REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_unreachable_conversations();

-- What a new message takes from its conversation, and what follows from what it is.
CREATE FUNCTION place_message() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  c conversations;
  among_us constant boolean := NEW.message_type IN ('internal', 'call_note');
BEGIN
  SELECT * INTO c FROM conversations WHERE organization_id = NEW.organization_id AND id = NEW.conversation_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'There is no such conversation.' USING ERRCODE = 'KT422', COLUMN = 'conversation_id';
  END IF;
  IF NOT among_us AND NEW.message_type <> c.channel THEN
    RAISE EXCEPTION 'This conversation is %: a message of type % does not belong to it.', c.channel, NEW.message_type
      USING ERRCODE = 'KT422', COLUMN = 'message_type';
  END IF;
  NEW.subject_type := c.subject_type;
  NEW.subject_id := c.subject_id;
  NEW.channel_account_id := coalesce(NEW.channel_account_id, c.channel_account_id);
  IF among_us THEN
    NEW.direction := 'outbound';
  END IF;
  IF NEW.direction = 'inbound' THEN
    IF NEW.sender_type NOT IN ('lead', 'contact') THEN
      NEW.sender_type := CASE c.subject_type WHEN 'lead' THEN 'lead' ELSE 'contact' END;
      NEW.sender_user_id := NULL;
    END IF;
    -- Somebody else may answer what they were copied into.
    IF NEW.sender_type = c.subject_type AND NEW.sender_lead_id IS NULL AND NEW.sender_contact_id IS NULL
      AND coalesce(NEW.sender_address = conversation_address(c), true) THEN
      NEW.sender_lead_id := CASE WHEN c.subject_type = 'lead' THEN c.subject_id END;
      NEW.sender_contact_id := CASE WHEN c.subject_type = 'contact' THEN c.subject_id END;
    END IF;
    NEW.sender_address := coalesce(NEW.sender_address, conversation_address(c));
    -- What has come has been delivered.
    NEW.status := CASE NEW.status WHEN 'read' THEN 'read' ELSE 'delivered' END;
  ELSE
    IF NEW.sender_type NOT IN ('user', 'system') THEN
      RAISE EXCEPTION 'What goes out is sent by a user or the system.' USING ERRCODE = 'KT422', COLUMN = 'sender_type';
    END IF;
    IF NEW.sender_type = 'user' THEN
      -- Nobody writes in another's name.
      NEW.sender_user_id := coalesce(current_user_id(), NEW.sender_user_id);
    END IF;
    IF NOT among_us AND NEW.recipients = '{}' AND conversation_address(c) IS NOT NULL THEN
      NEW.recipients := jsonb_build_object('to', jsonb_build_array(conversation_address(c)));
    END IF;
    IF among_us AND NEW.status = 'queued' THEN
      NEW.status := 'sent';
    END IF;
  END IF;
  NEW.sent_at := coalesce(NEW.sent_at, CASE WHEN NEW.status IN ('sent', 'delivered', 'read') THEN NEW.occurred_at END);
  NEW.delivered_at := coalesce(NEW.delivered_at, CASE WHEN NEW.status IN ('delivered', 'read') THEN NEW.occurred_at END);
  NEW.read_at := coalesce(NEW.read_at, CASE WHEN NEW.status = 'read' THEN NEW.occurred_at END);
  NEW.failed_at := coalesce(NEW.failed_at, CASE WHEN NEW.status = 'failed' THEN NEW.occurred_at END);
  RETURN NEW;
END
$$;
ALTER FUNCTION place_message() OWNER TO kith_definer;
CREATE TRIGGER messages_place BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION place_message();

-- Every address that a message goes to.
CREATE FUNCTION recipient_addresses(recipients jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
  SELECT ARRAY(SELECT DISTINCT lower(a.address) FROM jsonb_each(recipients) k
    CROSS JOIN LATERAL jsonb_array_elements_text(CASE jsonb_typeof(k.value) WHEN 'array' THEN k.value ELSE '[]' END) a (address)
    WHERE k.key IN ('to', 'cc', 'bcc'))
$$;

-- Nothing goes out to whoever does not want it.
CREATE FUNCTION refuse_unreachable_messages() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  why text;
BEGIN
  SELECT u.why INTO why
  FROM new_rows n JOIN conversations c ON c.organization_id = n.organization_id AND c.id = n.conversation_id
  CROSS JOIN LATERAL (SELECT unreachable(n.organization_id, n.message_type, recipient_addresses(n.recipients) || conversation_address(c), c.subject_type, c.subject_id) AS why) u
  WHERE n.direction = 'outbound' AND n.message_type IN ('email', 'sms', 'whatsapp') AND n.status = 'queued' AND u.why IS NOT NULL LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'The message cannot be sent: %.', why USING ERRCODE = 'KT409', COLUMN = 'conversation_id';
  END IF;
  RETURN NULL;
END
$$;
ALTER FUNCTION refuse_unreachable_messages() OWNER TO kith_definer;
CREATE TRIGGER messages_reachable AFTER INSERT ON messages REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_unreachable_messages();

CREATE FUNCTION message_progress(status text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE status WHEN 'queued' THEN 0 WHEN 'sent' THEN 1 WHEN 'delivered' THEN 2 WHEN 'read' THEN 3 ELSE 4 END
$$;

-- What was said stays said. How far it got moves forward, each step with its time; what names it elsewhere may become
-- known; what it points at may go. Whoever is to be forgotten is blotted out.
CREATE FUNCTION keep_message() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
  may_change constant text[] := ARRAY['status', 'sent_at', 'delivered_at', 'read_at', 'failed_at', 'failure_reason', 'provider_id', 'email_message_id',
    'subject_type', 'subject_id', 'sender_user_id', 'sender_lead_id', 'sender_contact_id', 'sender_id', 'channel_account_id', 'reply_to_id',
    'email_template_id', 'campaign_id', 'version', 'updated_at', 'updated_by',
    -- Generated, and not yet.
    'preview', 'search_text', 'search_vector'];
  before constant jsonb := to_jsonb(OLD) - may_change;
  after constant jsonb := to_jsonb(NEW) - may_change;
BEGIN
  IF before IS DISTINCT FROM after AND (current_user <> 'kith_definer' OR EXISTS (
      SELECT 1 FROM jsonb_each(before) b
      WHERE b.value IS DISTINCT FROM after -> b.key AND coalesce(after ->> b.key NOT LIKE '%[erased]%', true))) THEN
    RAISE EXCEPTION 'A message cannot be changed.' USING ERRCODE = 'KT409';
  END IF;
  IF message_progress(NEW.status) < message_progress(OLD.status) OR NEW.status = 'failed' AND OLD.status IN ('delivered', 'read') THEN
    RAISE EXCEPTION 'A message that is % cannot become %.', OLD.status, NEW.status USING ERRCODE = 'KT409', COLUMN = 'status';
  END IF;
  NEW.sent_at := coalesce(OLD.sent_at, NEW.sent_at, CASE WHEN NEW.status IN ('sent', 'delivered', 'read') THEN now() END);
  NEW.delivered_at := coalesce(OLD.delivered_at, NEW.delivered_at, CASE WHEN NEW.status IN ('delivered', 'read') THEN now() END);
  NEW.read_at := coalesce(OLD.read_at, NEW.read_at, CASE WHEN NEW.status = 'read' THEN now() END);
  NEW.failed_at := coalesce(OLD.failed_at, NEW.failed_at, CASE WHEN NEW.status = 'failed' THEN now() END);
  NEW.provider_id := coalesce(OLD.provider_id, NEW.provider_id);
  NEW.email_message_id := coalesce(OLD.email_message_id, NEW.email_message_id);
  RETURN NEW;
END
$$;
CREATE TRIGGER messages_keep BEFORE UPDATE ON messages FOR EACH ROW EXECUTE FUNCTION keep_message();
CREATE TRIGGER messages_updated_at BEFORE UPDATE ON messages FOR EACH ROW EXECUTE FUNCTION update_updated_at();

-- Counts of conversations, kept by what is added to them; answering is reading.
CREATE FUNCTION update_conversation_stats() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE conversations c SET
    message_count = c.message_count + n.exchanged,
    inbound_count = c.inbound_count + n.inbound,
    seen_count = CASE WHEN n.answered THEN c.inbound_count + n.inbound ELSE c.seen_count END,
    last_message_preview = CASE WHEN n.last_at >= coalesce(c.last_message_at, '-infinity') THEN n.last_preview ELSE c.last_message_preview END,
    last_message_at = greatest(c.last_message_at, n.last_at),
    last_inbound_at = greatest(c.last_inbound_at, n.last_inbound),
    last_outbound_at = greatest(c.last_outbound_at, n.last_outbound),
    -- What is said after it was closed opens it again; what they say wakes one that was put off.
    status = CASE WHEN c.status = 'closed' AND n.last_at > c.closed_at OR c.status = 'paused' AND n.inbound > 0 THEN 'active' ELSE c.status END
  FROM (
    SELECT m.organization_id, m.conversation_id, count(*)::integer AS exchanged,
      count(*) FILTER (WHERE m.direction = 'inbound')::integer AS inbound,
      bool_or(m.direction = 'outbound' AND m.sender_type = 'user') AS answered,
      max(m.occurred_at) AS last_at, max(m.occurred_at) FILTER (WHERE m.direction = 'inbound') AS last_inbound,
      max(m.occurred_at) FILTER (WHERE m.direction = 'outbound') AS last_outbound,
      (array_agg(m.preview ORDER BY m.occurred_at DESC, m.id DESC))[1] AS last_preview
    FROM (SELECT w.* FROM messages w JOIN new_rows r ON r.organization_id = w.organization_id AND r.id = w.id) m
    JOIN conversations k ON k.organization_id = m.organization_id AND k.id = m.conversation_id
    WHERE is_exchanged(m.message_type, k.channel)
    GROUP BY m.organization_id, m.conversation_id
  ) n
  WHERE c.organization_id = n.organization_id AND c.id = n.conversation_id;
  INSERT INTO conversation_reads AS r (organization_id, conversation_id, user_id, seen_count)
  SELECT DISTINCT c.organization_id, c.id, n.sender_user_id, c.inbound_count
  FROM new_rows n JOIN conversations c ON c.organization_id = n.organization_id AND c.id = n.conversation_id
  WHERE n.direction = 'outbound' AND is_exchanged(n.message_type, c.channel) AND n.sender_user_id IS NOT NULL AND n.sender_user_id = n.created_by
  ON CONFLICT (organization_id, conversation_id, user_id) DO UPDATE SET seen_count = greatest(r.seen_count, excluded.seen_count), read_at = now();
  RETURN NULL;
END
$$;
ALTER FUNCTION update_conversation_stats() OWNER TO kith_definer;

-- Whoever works a conversation hears of it when it becomes theirs, and when something unread comes after a while in which
-- nothing was.
CREATE FUNCTION announce_conversations() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM announce(ARRAY[n.assigned_to_id], 'assignment', 'You were assigned a conversation', n.title, 'conversation', n.id)
    FROM new_rows n WHERE n.assigned_to_id IS DISTINCT FROM current_user_id() AND n.assigned_to_id IS NOT NULL;
  ELSE
    PERFORM CASE WHEN n.assigned_to_id IS DISTINCT FROM o.assigned_to_id
      THEN announce(ARRAY[n.assigned_to_id], 'assignment', 'You were assigned a conversation', n.title, 'conversation', n.id)
      ELSE announce(ARRAY[n.assigned_to_id], 'conversation', coalesce(n.title, 'A conversation'), n.last_message_preview, 'conversation', n.id) END
    FROM new_rows n JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id
    WHERE n.assigned_to_id IS NOT NULL AND n.assigned_to_id IS DISTINCT FROM current_user_id()
      AND (n.assigned_to_id IS DISTINCT FROM o.assigned_to_id OR o.unread_count = 0 AND n.unread_count > 0);
  END IF;
  RETURN NULL;
END
$$;
ALTER FUNCTION announce_conversations() OWNER TO kith_definer;
CREATE TRIGGER conversations_announce_insert AFTER INSERT ON conversations REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION announce_conversations();
CREATE TRIGGER conversations_announce_update AFTER UPDATE ON conversations REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION announce_conversations();
CREATE TRIGGER update_conversation_count AFTER INSERT ON messages REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION update_conversation_stats();

-- The same counts, counted anew from the messages.
CREATE FUNCTION recount_conversation(of_conversation uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE conversations c SET message_count = n.exchanged, inbound_count = n.inbound, seen_count = least(c.seen_count, n.inbound),
    last_message_at = n.last_at, last_inbound_at = n.last_inbound, last_outbound_at = n.last_outbound, last_message_preview = n.last_preview
  FROM (
    SELECT count(*)::integer AS exchanged, count(*) FILTER (WHERE m.direction = 'inbound')::integer AS inbound,
      max(m.occurred_at) AS last_at, max(m.occurred_at) FILTER (WHERE m.direction = 'inbound') AS last_inbound,
      max(m.occurred_at) FILTER (WHERE m.direction = 'outbound') AS last_outbound,
      (array_agg(m.preview ORDER BY m.occurred_at DESC, m.id DESC))[1] AS last_preview
    FROM messages m JOIN conversations k ON k.organization_id = m.organization_id AND k.id = m.conversation_id
    WHERE m.organization_id = current_organization_id() AND m.conversation_id = of_conversation AND is_exchanged(m.message_type, k.channel)
  ) n
  WHERE c.organization_id = current_organization_id() AND c.id = of_conversation
    AND (c.message_count, c.inbound_count, c.last_message_at, c.last_inbound_at, c.last_outbound_at, c.last_message_preview)
      IS DISTINCT FROM (n.exchanged, n.inbound, n.last_at, n.last_inbound, n.last_outbound, n.last_preview);
END
$$;
ALTER FUNCTION recount_conversation(uuid) OWNER TO kith_definer;

-- Update conversation stats (000), for whoever sees the conversation.
CREATE FUNCTION update_conversation_stats(conversation uuid) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM conversations c WHERE c.organization_id = current_organization_id() AND c.id = conversation) THEN
    PERFORM recount_conversation(conversation);
  END IF;
END
$$;

-- Somebody read a conversation. When they are one of those who work it, it is read.
CREATE FUNCTION note_reading() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF access_scope('conversations', 'update') IS NOT NULL THEN
    UPDATE conversations c SET seen_count = least(n.seen_count, c.inbound_count)
    FROM (SELECT organization_id, conversation_id, max(seen_count) AS seen_count FROM new_rows GROUP BY 1, 2) n
    WHERE c.organization_id = n.organization_id AND c.id = n.conversation_id AND c.seen_count < least(n.seen_count, c.inbound_count);
  END IF;
  RETURN NULL;
END
$$;
ALTER FUNCTION note_reading() OWNER TO kith_definer;
CREATE TRIGGER conversation_reads_insert AFTER INSERT ON conversation_reads REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION note_reading();
CREATE TRIGGER conversation_reads_update AFTER UPDATE ON conversation_reads REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION note_reading();

-- Permissions and the roles' defaults (MODEL §3).
CALL declare_resource('conversations', ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk', 'assign']);
CALL declare_resource('channel_accounts', ARRAY['create', 'read', 'update', 'delete']);
-- What a team says among itself: internal conversations, internal messages and notes on calls.
CALL declare_resource('internal_messages', ARRAY['read']);
CALL default_grant('manager', ARRAY['conversations'], ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk', 'assign'], 'all');
CALL default_grant('manager', ARRAY['channel_accounts'], ARRAY['read'], 'all');
CALL default_grant('sales', ARRAY['conversations'], ARRAY['create'], 'all');
CALL default_grant('sales', ARRAY['conversations'], ARRAY['read'], 'assigned_or_unowned');
CALL default_grant('sales', ARRAY['conversations'], ARRAY['update', 'delete', 'bulk', 'import', 'export'], 'assigned');
CALL default_grant('support', ARRAY['conversations'], ARRAY['read', 'create'], 'all');
CALL default_grant('support', ARRAY['conversations'], ARRAY['update'], 'assigned');
CALL default_grant('member', ARRAY['conversations'], ARRAY['create', 'read', 'update', 'delete', 'import', 'export', 'bulk'], 'assigned');
CALL default_grant('viewer', ARRAY['conversations'], ARRAY['read'], 'all');
DO $$
DECLARE key text;
BEGIN
  FOREACH key IN ARRAY ARRAY['manager', 'sales', 'support', 'finance', 'member', 'viewer'] LOOP
    CALL default_grant(key, ARRAY['internal_messages'], ARRAY['read'], 'all');
  END LOOP;
  FOREACH key IN ARRAY ARRAY['sales', 'support', 'member'] LOOP
    CALL default_grant(key, ARRAY['channel_accounts'], ARRAY['read'], 'all');
  END LOOP;
  FOREACH key IN ARRAY ARRAY['client_admin', 'client_member', 'client_viewer'] LOOP
    CALL default_grant(key, ARRAY['conversations'], ARRAY['read'], 'assigned');
  END LOOP;
END
$$;
SELECT apply_role_defaults(NULL, resource) FROM unnest(ARRAY['conversations', 'channel_accounts', 'internal_messages']) resource;

CALL add_subject('conversations', ARRAY['company', 'contact', 'lead']);
CALL protect_in_projects('conversations', 'conversations', ARRAY['assigned_to_id', 'subject_owner_id'], 'subject_company_id', ARRAY['subject_project_id']);
CALL protect_shared('channel_accounts', 'channel_accounts');
REVOKE DELETE ON channel_accounts FROM kith_app;
CALL forbid_by_default('messages');
INSERT INTO record_access VALUES ('messages', 'through');
DO $$
DECLARE
  among_us constant text := '(SELECT access_scope(''internal_messages'', ''read'')) IS NOT NULL';
  here constant text := 'organization_id = current_organization_id() AND ';
  parent constant text := 'EXISTS (SELECT 1 FROM conversations parent WHERE parent.organization_id = messages.organization_id AND parent.id = messages.conversation_id';
  owners constant text[] := ARRAY['assigned_to_id', 'subject_owner_id'];
BEGIN
  DROP POLICY conversations_read ON conversations;
  EXECUTE 'CREATE POLICY conversations_read ON conversations FOR SELECT TO kith_app USING (' || here || '(channel <> ''internal'' OR ' || among_us || ') AND ('
    || scope_condition('conversations', 'read', owners, 'subject_company_id', false, ARRAY['subject_project_id']) || '))';
  EXECUTE 'CREATE POLICY messages_read ON messages FOR SELECT TO kith_app USING (' || here
    || '(SELECT access_scope(''conversations'', ''read'')) IS NOT NULL AND (message_type NOT IN (''internal'', ''call_note'') OR ' || among_us || ')'
    || ' AND ((SELECT access_scope(''conversations'', ''read'')) = ''all'' OR ' || parent || ')))';
  EXECUTE 'CREATE POLICY messages_create ON messages FOR INSERT TO kith_app WITH CHECK (' || here
    || '(SELECT access_scope(''conversations'', ''create'')) IS NOT NULL AND created_by = (SELECT current_user_id()) AND ' || parent || ' AND ('
    || scope_condition('conversations', 'update', ARRAY['parent.assigned_to_id', 'parent.subject_owner_id'], 'parent.subject_company_id', false,
      ARRAY['parent.subject_project_id']) || ')))';
END
$$;
GRANT SELECT, INSERT ON messages TO kith_app;
REVOKE DELETE ON messages FROM kith_definer;
CALL forbid_by_default('conversation_reads');
CREATE POLICY conversation_reads_own ON conversation_reads TO kith_app
  USING (organization_id = current_organization_id() AND user_id = (SELECT current_user_id()))
  WITH CHECK (organization_id = current_organization_id() AND user_id = (SELECT current_user_id())
    AND EXISTS (SELECT 1 FROM conversations c WHERE c.organization_id = conversation_reads.organization_id AND c.id = conversation_reads.conversation_id));
GRANT SELECT, INSERT, UPDATE ON conversation_reads TO kith_app;

CALL install_entity('channel_account', 'channel_accounts', 'name', 'channel_accounts');
CALL install_entity('conversation', 'conversations', 'title', 'conversations');
CALL keep_history('message', 'messages', 'subject', 'conversations', 'preview');
CALL keep_out_of_history('channel_account', ARRAY['last_active_at']);
CALL keep_out_of_history('conversation', ARRAY['last_message_at', 'last_message_preview', 'last_inbound_at', 'last_outbound_at', 'message_count', 'inbound_count', 'seen_count']);
CALL keep_out_of_history('message', ARRAY['subject_type', 'subject_id'], 'preview');
UPDATE record_tables SET also_needs = 'internal_messages' WHERE entity IN ('conversation', 'message');

CREATE TRIGGER conversations_guard BEFORE INSERT OR UPDATE ON conversations FOR EACH ROW
  EXECUTE FUNCTION guard_record('conversations', 'assigned_to_id,subject_owner_id', 'subject_company_id', 'subject_project_id');
CREATE TRIGGER channel_accounts_guard BEFORE INSERT OR UPDATE ON channel_accounts FOR EACH ROW EXECUTE FUNCTION guard_record('channel_accounts', '', '');

-- The timeline tells of messages as of what they are.
ALTER FUNCTION activity_type(text, jsonb) RENAME TO activity_type_before_messages;
CREATE FUNCTION activity_type(entity text, written jsonb) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN entity <> 'message' THEN activity_type_before_messages(entity, written)
    ELSE CASE written ->> 'message_type' WHEN 'email' THEN 'email' WHEN 'call_note' THEN 'call' WHEN 'internal' THEN 'note' ELSE 'message_sent' END END
$$;

-- Create message thread (000): the lead's open conversation on a channel, begun when there is none. For whoever may begin one.
CREATE FUNCTION create_conversation(lead_id uuid, channel text) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
  thread uuid;
BEGIN
  IF channel IS NULL OR channel NOT IN ('email', 'whatsapp', 'sms', 'internal') THEN
    RAISE EXCEPTION 'The channel must be email, whatsapp, sms or internal.' USING ERRCODE = 'KT422', COLUMN = 'channel';
  END IF;
  PERFORM 1 FROM leads l WHERE l.organization_id = current_organization_id() AND l.id = create_conversation.lead_id AND l.deleted_at IS NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'There is no such lead.' USING ERRCODE = 'KT422', COLUMN = 'lead_id';
  END IF;
  -- Two at once begin one.
  PERFORM pg_advisory_xact_lock(hashtextextended(current_organization_id()::text || create_conversation.lead_id || create_conversation.channel, 15));
  SELECT c.id INTO thread FROM conversations c
  WHERE c.organization_id = current_organization_id() AND c.subject_id = create_conversation.lead_id AND c.channel = create_conversation.channel
    AND c.status <> 'closed' AND c.deleted_at IS NULL
  ORDER BY c.last_message_at DESC NULLS LAST, c.id DESC LIMIT 1;
  IF thread IS NULL THEN
    INSERT INTO conversations (organization_id, subject_type, subject_id, channel, assigned_to_id, created_by)
    VALUES (current_organization_id(), 'lead', create_conversation.lead_id, create_conversation.channel, current_user_id(), current_user_id())
    RETURNING id INTO thread;
  END IF;
  RETURN thread;
END
$$;

-- Process incoming message (000): what a lead wrote, in its conversation on that platform; a closed one is opened again.
-- For whoever may change the conversation.
CREATE FUNCTION process_incoming_message(lead_id uuid, content text, platform text) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
  wanted uuid;
  made uuid;
BEGIN
  IF platform IS NULL OR platform NOT IN ('email', 'whatsapp', 'sms') THEN
    RAISE EXCEPTION 'The platform must be email, whatsapp or sms.' USING ERRCODE = 'KT422', COLUMN = 'platform';
  END IF;
  IF coalesce(btrim(content), '') = '' OR char_length(content) > 50000 THEN
    RAISE EXCEPTION 'A message has from 1 to 50000 characters.' USING ERRCODE = 'KT422', COLUMN = 'content';
  END IF;
  PERFORM 1 FROM leads l WHERE l.organization_id = current_organization_id() AND l.id = process_incoming_message.lead_id AND l.deleted_at IS NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'There is no such lead.' USING ERRCODE = 'KT422', COLUMN = 'lead_id';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended(current_organization_id()::text || process_incoming_message.lead_id || platform, 15));
  wanted := conversation_to_continue('lead', process_incoming_message.lead_id, platform, NULL, NULL);
  IF wanted IS NULL THEN
    INSERT INTO conversations (organization_id, subject_type, subject_id, channel, direction, assigned_to_id, created_by)
    VALUES (current_organization_id(), 'lead', process_incoming_message.lead_id, platform, 'inbound', current_user_id(), current_user_id())
    RETURNING id INTO wanted;
  ELSE
    UPDATE conversations c SET status = 'active' WHERE c.organization_id = current_organization_id() AND c.id = wanted AND c.status = 'closed';
  END IF;
  INSERT INTO messages (organization_id, conversation_id, message_type, direction, sender_type, content, created_by)
  VALUES (current_organization_id(), wanted, platform, 'inbound', 'lead', process_incoming_message.content, current_user_id())
  RETURNING id INTO made;
  RETURN made;
END
$$;

-- A subject line without what replies and forwards put before it.
CREATE FUNCTION base_subject(subject text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT nullif(btrim(regexp_replace(lower(coalesce(subject, '')), '^(\s*(re|fwd?|aw|wg|sv|vs|antw|tr|rv|odp|res)(\[\d+\]|\(\d+\))?\s*:)+', '')), '')
$$;

-- The conversation that a new message of somebody continues: an open one, else one that was closed not long ago. Mail with
-- a subject line of its own continues only what is about the same.
CREATE FUNCTION conversation_to_continue(of_type text, of_id uuid, wanted_channel text, account uuid, subject_line text) RETURNS uuid
LANGUAGE sql STABLE AS $$
  SELECT c.id FROM conversations c
  WHERE c.organization_id = current_organization_id() AND c.subject_type = of_type AND c.subject_id = of_id AND c.channel = wanted_channel
    AND c.deleted_at IS NULL AND (account IS NULL OR c.channel_account_id IS NULL OR c.channel_account_id = account)
    AND (c.status <> 'closed' OR c.closed_at > now() - make_interval(days => coalesce(
      (SELECT (o.settings ->> 'conversation_reopen_days')::integer FROM organizations o WHERE o.id = c.organization_id), 14)))
    AND (wanted_channel <> 'email' OR base_subject(subject_line) IS NULL OR base_subject(c.title) = base_subject(subject_line))
  ORDER BY c.status = 'closed', c.last_message_at DESC NULLS LAST, c.id DESC LIMIT 1
$$;

-- Somebody wrote to the organization: the rule behind webhooks and mailboxes, which act for no user. Finds the contact or
-- the lead by the address (already in its one form), or makes a lead; continues, opens again or begins the conversation;
-- adds the message. Once: what the provider calls the message is known by, and two that arrive at once wait for each other.
CREATE FUNCTION receive_message(wanted_channel text, account uuid, from_address text, from_name text, provider text, message jsonb)
RETURNS TABLE (message_id uuid, conversation_id uuid, subject_type text, subject_id uuid, is_new boolean, made_lead boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  org constant uuid := current_organization_id();
  subject_line constant text := left(nullif(btrim(message ->> 'subject'), ''), 998);
  known_ids constant text[] := ARRAY(SELECT jsonb_array_elements_text(coalesce(message -> 'email_references', '[]'))) || (message ->> 'in_reply_to');
  known messages;
  replied messages;
  thread conversations;
  their_type text;
  their_id uuid;
  their_account channel_accounts;
  stage stages;
  lead_id uuid;
  new_lead boolean := false;
  -- Nobody known by the address, in somebody else's conversation.
  guest boolean := false;
BEGIN
  PERFORM require_no_user();
  IF wanted_channel NOT IN ('email', 'whatsapp', 'sms') THEN
    RAISE EXCEPTION 'The channel must be email, whatsapp or sms.' USING ERRCODE = 'KT422', COLUMN = 'channel';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended(org::text || wanted_channel || from_address, 17));
  IF provider IS NOT NULL THEN
    SELECT m.* INTO known FROM messages m
    WHERE m.organization_id = org AND m.message_type = wanted_channel AND m.channel_account_id IS NOT DISTINCT FROM account AND m.provider_id = provider;
    IF FOUND THEN
      RETURN QUERY SELECT known.id, known.conversation_id, known.subject_type, known.subject_id, false, false;
      RETURN;
    END IF;
  END IF;
  IF account IS NOT NULL THEN
    SELECT a.* INTO their_account FROM channel_accounts a WHERE a.organization_id = org AND a.id = account AND a.channel = wanted_channel AND a.deleted_at IS NULL;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'There is no such channel account.' USING ERRCODE = 'KT422', COLUMN = 'channel_account_id';
    END IF;
  END IF;

  -- Who wrote: somebody known by the address, contacts first, then the lead that is still worked.
  SELECT p.type, p.id INTO their_type, their_id FROM (
    SELECT 1 AS rank, 'contact' AS type, c.id, c.updated_at FROM contacts c
    WHERE wanted_channel = 'email' AND c.organization_id = org AND c.email = from_address AND c.deleted_at IS NULL
    UNION ALL SELECT 1, 'contact', c.id, c.updated_at FROM contacts c
    WHERE wanted_channel <> 'email' AND c.organization_id = org AND bare_phone(c.phone::text) = from_address AND c.phone IS NOT NULL AND c.deleted_at IS NULL
    UNION ALL SELECT 2, 'contact', c.id, c.updated_at FROM contacts c
    WHERE wanted_channel <> 'email' AND c.organization_id = org AND bare_phone(c.mobile::text) = from_address AND c.mobile IS NOT NULL AND c.deleted_at IS NULL
    UNION ALL SELECT CASE WHEN l.status IN ('converted', 'lost') OR l.is_archived THEN 4 ELSE 3 END, 'lead', l.id, l.updated_at FROM leads l
    WHERE wanted_channel = 'email' AND l.organization_id = org AND l.email = from_address AND l.deleted_at IS NULL
    UNION ALL SELECT CASE WHEN l.status IN ('converted', 'lost') OR l.is_archived THEN 4 ELSE 3 END, 'lead', l.id, l.updated_at FROM leads l
    WHERE wanted_channel <> 'email' AND l.organization_id = org AND bare_phone(l.phone::text) = from_address AND l.phone IS NOT NULL AND l.deleted_at IS NULL
  ) p ORDER BY p.rank, p.updated_at DESC, p.id LIMIT 1;

  -- What is answered says which conversation; only to those who took part in it.
  SELECT m.* INTO replied FROM messages m
  WHERE m.organization_id = org AND (
    wanted_channel = 'email' AND m.email_message_id = ANY (known_ids)
    OR m.message_type = wanted_channel AND m.channel_account_id IS NOT DISTINCT FROM account AND m.provider_id = message ->> 'reply_to_provider_id')
  ORDER BY m.occurred_at DESC, m.id DESC LIMIT 1;
  IF FOUND THEN
    SELECT c.* INTO thread FROM conversations c
    WHERE c.organization_id = org AND c.id = replied.conversation_id AND c.channel = wanted_channel AND c.deleted_at IS NULL
      AND (conversation_address(c) = from_address OR (c.subject_type = their_type AND c.subject_id = their_id)
        OR from_address = ANY (recipient_addresses(replied.recipients)));
    IF thread.id IS NOT NULL AND their_id IS NULL THEN
      their_type := thread.subject_type;
      their_id := thread.subject_id;
      guest := conversation_address(thread) IS DISTINCT FROM from_address;
    END IF;
  END IF;

  IF their_id IS NULL THEN
    SELECT s.* INTO stage FROM stages s JOIN pipelines p ON p.organization_id = s.organization_id AND p.id = s.pipeline_id
    WHERE s.organization_id = org AND p.entity = 'lead' AND s.kind = 'open' ORDER BY NOT p.is_default, NOT s.is_active, s.position, s.id LIMIT 1;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'No pipeline has an open stage for new leads. Add one.' USING ERRCODE = 'KT409', COLUMN = 'stage_id';
    END IF;
    lead_id := uuid_v7();
    INSERT INTO leads (organization_id, id, first_name, last_name, email, phone, source, source_detail, pipeline_id, stage_id, currency, owner_id, board_position)
    SELECT org, lead_id,
      CASE WHEN n.name ~ '\s' THEN nullif(left(btrim(regexp_replace(n.name, '\s+\S+$', '')), 100), '') END,
      coalesce(nullif(left(regexp_replace(n.name, '^.*\s', ''), 100), ''), CASE WHEN wanted_channel <> 'email' THEN from_address END),
      CASE WHEN wanted_channel = 'email' THEN from_address END, CASE WHEN wanted_channel <> 'email' THEN from_address END,
      'inbound', coalesce(their_account.name, initcap(wanted_channel)), stage.pipeline_id, stage.id, o.base_currency, their_account.assigned_to_id,
      translate(replace(lead_id::text, '-', ''), '0123456789abcdef', 'fedcba9876543210') || '8'
    FROM organizations o CROSS JOIN (SELECT btrim(left(coalesce(from_name, ''), 200)) AS name) n WHERE o.id = org;
    their_type := 'lead';
    their_id := lead_id;
    new_lead := true;
  END IF;

  IF thread.id IS NULL OR thread.status = 'closed' AND thread.closed_at <= now() - make_interval(days => coalesce(
      (SELECT (o.settings ->> 'conversation_reopen_days')::integer FROM organizations o WHERE o.id = org), 14)) THEN
    SELECT c.* INTO thread FROM conversations c
    WHERE c.organization_id = org AND c.id = conversation_to_continue(their_type, their_id, wanted_channel, account, subject_line);
  END IF;
  IF thread.id IS NULL THEN
    INSERT INTO conversations (organization_id, subject_type, subject_id, title, channel, direction, channel_account_id, email, phone, assigned_to_id)
    VALUES (org, their_type, their_id, left(subject_line, 255), wanted_channel, 'inbound', account,
      CASE WHEN wanted_channel = 'email' THEN from_address END, CASE WHEN wanted_channel <> 'email' THEN from_address END, their_account.assigned_to_id)
    RETURNING * INTO thread;
  ELSIF thread.status = 'closed' THEN
    UPDATE conversations c SET status = 'active' WHERE c.organization_id = org AND c.id = thread.id;
  END IF;

  INSERT INTO messages (organization_id, conversation_id, message_type, direction, sender_type, sender_lead_id, sender_contact_id, sender_name, sender_address,
    recipients, content_type, subject, content, content_html, occurred_at, channel_account_id, provider_id, email_message_id, in_reply_to, email_references,
    reply_to_id, attachments, metadata)
  VALUES (org, thread.id, wanted_channel, 'inbound', CASE their_type WHEN 'lead' THEN 'lead' ELSE 'contact' END,
    CASE WHEN their_type = 'lead' AND NOT guest THEN their_id END, CASE WHEN their_type = 'contact' AND NOT guest THEN their_id END, left(from_name, 255), from_address,
    coalesce(message -> 'recipients', '{}'), coalesce(message ->> 'content_type', 'text'), subject_line, coalesce(message ->> 'content', ''), message ->> 'content_html',
    least(coalesce((message ->> 'occurred_at')::timestamptz, now()), now()), account, provider, message ->> 'email_message_id', message ->> 'in_reply_to',
    coalesce(message -> 'email_references', '[]'), CASE WHEN replied.conversation_id = thread.id THEN replied.id END,
    coalesce(message -> 'attachments', '[]'), coalesce(message -> 'metadata', '{}'))
  RETURNING messages.* INTO known;
  UPDATE channel_accounts a SET last_active_at = now() WHERE a.organization_id = org AND a.id = account;
  RETURN QUERY SELECT known.id, known.conversation_id, known.subject_type, known.subject_id, true, new_lead;
END
$$;

-- A provider tells how far a message got. News that is older than what is known changes nothing.
CREATE FUNCTION note_message_status(wanted_channel text, account uuid, provider text, new_status text, at_time timestamptz, reason text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM require_no_user();
  UPDATE messages m SET status = new_status, failure_reason = coalesce(left(reason, 1000), m.failure_reason),
    sent_at = CASE new_status WHEN 'sent' THEN at_time ELSE m.sent_at END, delivered_at = CASE new_status WHEN 'delivered' THEN at_time ELSE m.delivered_at END,
    read_at = CASE new_status WHEN 'read' THEN at_time ELSE m.read_at END, failed_at = CASE new_status WHEN 'failed' THEN at_time ELSE m.failed_at END
  WHERE m.organization_id = current_organization_id() AND m.message_type = wanted_channel AND m.channel_account_id IS NOT DISTINCT FROM account
    AND m.provider_id = provider AND m.direction = 'outbound'
    AND message_progress(new_status) > message_progress(m.status) AND NOT (new_status = 'failed' AND m.status IN ('delivered', 'read'));
  RETURN FOUND;
END
$$;

DO $$
DECLARE
  signature text;
BEGIN
  FOREACH signature IN ARRAY ARRAY['keep_channel_secrets(uuid, bytea, jsonb)', 'channel_secrets_of(uuid)', 'recount_conversation(uuid)',
    'receive_message(text, uuid, text, text, text, jsonb)', 'note_message_status(text, uuid, text, text, timestamptz, text)']
  LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO kith_definer', signature);
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', signature);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO kith_app', signature);
  END LOOP;
END
$$;
