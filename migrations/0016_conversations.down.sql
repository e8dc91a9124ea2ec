DELETE FROM record_tables WHERE entity IN ('channel_account', 'conversation', 'message');
DELETE FROM record_access WHERE table_name IN ('channel_accounts', 'conversations', 'messages');
DELETE FROM subject_kinds WHERE table_name = 'conversations';
CALL write_record_visible();
DROP FUNCTION activity_type(text, jsonb);
ALTER FUNCTION activity_type_before_messages(text, jsonb) RENAME TO activity_type;
DROP FUNCTION note_message_status, receive_message, conversation_to_continue, base_subject, process_incoming_message, create_conversation,
  recount_conversation, update_conversation_stats(uuid), channel_secrets_of, keep_channel_secrets;
DROP TABLE conversation_reads, messages, conversations, channel_secrets, channel_accounts CASCADE;
DROP FUNCTION announce_conversations, announce, note_reading, update_conversation_stats(), keep_message, message_progress, refuse_unreachable_messages, recipient_addresses, place_message,
  refuse_unreachable_conversations, unreachable, keep_conversation, describe_conversation, is_exchanged;
-- Unless other entities have records that need another permission.
DO $down$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM record_tables WHERE also_needs IS NOT NULL) THEN
    ALTER TABLE record_tables DROP COLUMN also_needs;
    CREATE OR REPLACE FUNCTION entities_read_in_full() RETURNS text[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN ARRAY(SELECT r.entity FROM record_tables r WHERE access_scope(r.resource, 'read') = 'all');
END
$$;
  END IF;
END
$down$;
DELETE FROM role_permissions WHERE resource IN ('conversations', 'channel_accounts', 'internal_messages');
DELETE FROM role_defaults WHERE resource IN ('conversations', 'channel_accounts', 'internal_messages');
DELETE FROM permissions WHERE resource IN ('conversations', 'channel_accounts', 'internal_messages');
