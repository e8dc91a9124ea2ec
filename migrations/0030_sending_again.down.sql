DROP FUNCTION resend_webhook(uuid, timestamptz);
