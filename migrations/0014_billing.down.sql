DROP FUNCTION mark_invoices_overdue, organizations_with_overdue_invoices;
DROP TRIGGER companies_invoices_follow ON companies;
DROP TRIGGER deals_invoices_follow ON deals;
DELETE FROM subject_kinds WHERE entity = 'invoice';
DELETE FROM notes WHERE subject_type = 'invoice';
DO $$
BEGIN
  EXECUTE format('ALTER TABLE notes DROP COLUMN invoice_id, DROP CONSTRAINT notes_subject_type_check, ADD CONSTRAINT notes_subject_type_check CHECK (subject_type IN (%s))',
    (SELECT string_agg(quote_literal(k.entity), ', ' ORDER BY k.entity) FROM subject_kinds k WHERE k.table_name = 'notes'));
END
$$;
CALL renew_history('notes');
DELETE FROM number_series WHERE series IN ('invoice', 'credit_note');
DELETE FROM record_tables WHERE entity IN ('exchange_rate', 'invoice', 'invoice_item', 'payment', 'refund');
DELETE FROM record_access WHERE table_name IN ('exchange_rates', 'invoices', 'invoice_items', 'payments', 'refunds');
CALL write_record_visible();
DROP TRIGGER time_entries_keep_invoiced ON time_entries;
UPDATE time_entries SET invoice_item_id = NULL WHERE invoice_item_id IS NOT NULL;
DROP TABLE refunds, payments, invoice_items, invoices, exchange_rates CASCADE;
DROP FUNCTION keep_invoiced_time, line_holds_time, unbilled_time, claim_time, invoices_follow, keep_financial_record, apply_refunds, place_refund, kept_of_payment, apply_payments, place_payment, whole_units, keep_invoice_item,
  total_invoices, follow_sending, credit_warning, credit_overrun, update_invoice_paid_date, complete_invoice, lines_of, keep_invoice, payment_term_days,
  organization_today, needed_exchange_rate, known_exchange_rate, place_exchange_rate, invoice_totals, invoice_line_amount, divide_rounded, currency_minor_units;
DELETE FROM role_permissions WHERE resource IN ('invoices', 'payments', 'exchange_rates');
DELETE FROM role_defaults WHERE resource IN ('invoices', 'payments', 'exchange_rates');
DELETE FROM permissions WHERE resource IN ('invoices', 'payments', 'exchange_rates');
CALL amend_function('quiet_columns()', '''budget_warning'', ''subtotal'', ''discount_amount'', ''tax_amount'', ''tax_breakdown'', ''amount_paid'',
    ''amount_credited'', ''amount_refunded'', ''lifetime_value''', '''budget_warning''');
