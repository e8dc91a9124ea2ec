DROP DOMAIN country_code, currency_code, web_address, phone_number, email_address;
DROP FUNCTION update_updated_at, fold_text, uuid_v7, current_change_set_id, current_user_id,
  current_organization_id;
REVOKE ALL ON SCHEMA public FROM kith_app, kith_definer;
