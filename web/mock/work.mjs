// What is special about tickets, invoices, time, conversations and notifications in the stand-in.
import { find, problem } from "./records.mjs";
import { buildNotifications, buildPreferences } from "./workData.mjs";

const cents = (value) => Math.round(Number(value) * 100);
const money = (value) => (value / 100).toFixed(2);
const today = () => new Date().toISOString().slice(0, 10);

export function createWork({ store, uuid, insert, update, include, entityOf, actor }) {
  let notifications = [];
  let preferences = [];
  let calendar = { active: false, created_at: null };
  const entity = (plural) => entityOf.get(plural);
  const itemsOf = (invoice) => store["invoice-items"].filter((item) => item.invoice_id === invoice.id && !item.deleted_at);

  function reset() {
    notifications = buildNotifications(uuid, store);
    preferences = buildPreferences();
    calendar = { active: false, created_at: null };
  }

  /** What the database keeps of an invoice whenever its lines or its money change. */
  function settle(invoice) {
    const items = itemsOf(invoice);
    for (const item of items)
      item.amount = money(
        Math.round((Number(item.quantity) * cents(item.unit_price) * (100 - Number(item.discount_percent ?? 0))) / 100),
      );
    const subtotal = items.reduce((sum, item) => sum + cents(item.amount), 0);
    const discount = Math.min(
      subtotal,
      Math.round((subtotal * Number(invoice.discount_percent ?? 0)) / 100) + cents(invoice.fixed_discount ?? 0),
    );
    const rates = new Map();
    let running = 0;
    for (const item of items) {
      const before = subtotal ? Math.round((discount * running) / subtotal) : 0;
      running += cents(item.amount);
      const share = subtotal ? Math.round((discount * running) / subtotal) - before : 0;
      const taxable = cents(item.amount) - share;
      const tax = Math.round((taxable * Number(item.tax_rate ?? 0)) / 100);
      const held = rates.get(Number(item.tax_rate ?? 0)) ?? { taxable: 0, tax: 0 };
      rates.set(Number(item.tax_rate ?? 0), { taxable: held.taxable + taxable, tax: held.tax + tax });
    }
    const tax = [...rates.values()].reduce((sum, held) => sum + held.tax, 0);
    const paid = store.payments
      .filter((payment) => payment.invoice_id === invoice.id)
      .reduce((sum, payment) => sum + cents(payment.amount) - cents(payment.amount_refunded), 0);
    const total = subtotal - discount + tax;
    const balance = total - paid - cents(invoice.amount_credited);
    Object.assign(invoice, {
      ...{ subtotal: money(subtotal), discount_amount: money(discount), tax_amount: money(tax), total_amount: money(total) },
      ...{ amount_paid: money(paid), balance: money(balance) },
      tax_breakdown: [...rates].map(([rate, held]) => ({
        rate: String(rate),
        taxable: money(held.taxable),
        tax: money(held.tax),
      })),
    });
    if (invoice.status !== "draft" && invoice.status !== "cancelled")
      invoice.status = balance <= 0 ? "paid" : paid > 0 ? "partially_paid" : invoice.due_date < today() ? "overdue" : "sent";
    invoice.version += 1;
  }
  function afterWrite(name, record) {
    if (name === "invoice_item") settle(find(store.invoices, record.invoice_id));
    if (name === "invoice" && record.status === "draft") settle(record);
  }

  const refused = (field, message) =>
    problem(422, "validation", "Some fields are not right.", [{ field, code: "invalid", message }]);
  const verbs = {
    invoices: {
      send(invoice) {
        if (itemsOf(invoice).length === 0) throw problem(409, "empty", "An invoice needs at least one line before it is sent.");
        const number = `INV-2026-${String(store.invoices.filter((one) => one.number).length + 1).padStart(5, "0")}`;
        return [
          200,
          update(entity("invoices"), invoice, {
            number,
            title: number,
            status: "sent",
            issue_date: today(),
            due_date: "2099-01-31",
          }),
        ];
      },
      payments(invoice, body) {
        if (cents(body.amount) > cents(invoice.balance))
          throw refused("amount", `is more than the ${invoice.balance} that is still owed`);
        const payment = insert(entity("payments"), {
          amount_refunded: "0.00",
          currency: invoice.currency,
          ...body,
          invoice_id: invoice.id,
        });
        settle(invoice);
        return [201, payment];
      },
      "credit-note"(invoice) {
        const note = insert(entity("invoices"), {
          ...invoice,
          ...{
            id: uuid(),
            kind: "credit_note",
            status: "draft",
            number: null,
            title: "Draft credit note",
            corrects_id: invoice.id,
          },
          ...{ amount_paid: "0.00", balance: "0.00", version: 1 },
        });
        for (const { id, ...item } of itemsOf(invoice)) insert(entity("invoice-items"), { ...item, invoice_id: note.id });
        return [201, note];
      },
      cancel: (invoice) => [200, update(entity("invoices"), invoice, { status: "cancelled", balance: "0.00" })],
    },
    payments: {
      refunds(payment, body) {
        if (cents(body.amount) > cents(payment.amount) - cents(payment.amount_refunded))
          throw refused("amount", "is more than is left of this payment");
        payment.amount_refunded = money(cents(payment.amount_refunded) + cents(body.amount));
        const refund = insert(entity("refunds"), { ...body, payment_id: payment.id });
        settle(find(store.invoices, payment.invoice_id));
        return [201, refund];
      },
    },
    tickets: {
      reply(ticket, { status, ...body }) {
        const comment = insert(entity("ticket-comments"), {
          ...{ ticket_id: ticket.id, author_kind: "agent", created_by: actor().id, contact_id: null, ...body },
        });
        if (!body.is_internal && !ticket.first_responded_at) ticket.first_responded_at = new Date().toISOString();
        return [200, { comment, ticket: status ? update(entity("tickets"), ticket, { status }) : ticket }];
      },
    },
    conversations: {
      messages(conversation, body) {
        const internal = body.message_type === "internal";
        const made = insert(entity("messages"), {
          ...{ message_type: conversation.channel, direction: "outbound", status: "sent", sender_user_id: actor().id, ...body },
          conversation_id: conversation.id,
          occurred_at: new Date().toISOString(),
        });
        if (!internal) conversation.last_message_at = made.created_at;
        return [201, made];
      },
      read: (conversation) => [200, Object.assign(conversation, { unread_count: 0 })],
      close: (conversation) => [200, update(entity("conversations"), conversation, { status: "closed" })],
      reopen: (conversation) => [200, update(entity("conversations"), conversation, { status: "active" })],
      assign: (conversation, body) => [200, update(entity("conversations"), conversation, { assigned_to_id: body.user_id })],
    },
  };
  const SETTLED = { submit: "pending", withdraw: "draft", approve: "approved", reject: "rejected" };

  /** A file that was sent: a new document of a record, or a new version of one. */
  function upload(plural, id, raw) {
    const text = raw.toString("latin1");
    const file_name = /filename="([^"]*)"/.exec(text)?.[1] ?? "file";
    if (/\.exe$/.test(file_name)) throw problem(415, "unsupported", "Programs are not kept here.");
    const file = { file_name, file_size: raw.length, mime_type: "application/pdf", uploaded_by: actor().id };
    const kept = (document) => {
      document.files = [
        { ...file, revision: document.revision, created_at: new Date().toISOString() },
        ...(document.files ?? []),
      ];
      return [201, document];
    };
    if (plural === "documents") {
      const document = find(store.documents, id);
      return kept(update(entity("documents"), document, { revision: document.revision + 1, file_size: raw.length }));
    }
    const subject_type = entity(plural).name;
    return kept(insert(entity("documents"), { ...file, revision: 1, subject_type, subject_id: id }));
  }

  function answer(method, parts, body, query, raw) {
    const [first, second, third] = parts;
    if (first === "notifications") {
      if (second === "preferences") {
        for (const change of body.data ?? []) Object.assign(preferences.find((one) => one.kind === change.kind) ?? {}, change);
        return [200, { data: preferences }];
      }
      if (second === "read-all") for (const one of notifications) one.is_read = true;
      else if (second) Object.assign(find(notifications, second) ?? {}, { is_read: third === "read" });
      const data = notifications.filter((one) => query.unread !== "true" || !one.is_read);
      const unread_count = notifications.filter((one) => !one.is_read).length;
      return [200, { data, page: { limit: 25, next_cursor: null }, unread_count }];
    }
    if (first === "calendar") {
      if (method === "DELETE") calendar = { active: false, created_at: null };
      if (method === "POST") calendar = { active: true, created_at: new Date().toISOString() };
      const url = "http://localhost/api/v1/calendar/secret.ics";
      return method === "DELETE" ? [204, null] : [200, method === "POST" ? { ...calendar, url } : calendar];
    }
    if (first === "invoices" && second === "ageing") {
      const late = { currency: "USD", current: "1200.00", days_1_30: "2940.00", days_31_60: "0.00", days_61_90: "410.00" };
      const line = { ...late, days_over_90: "90.00", total: "4640.00" };
      return [
        200,
        {
          as_of: today(),
          data: [{ company: { id: store.companies[1].id, name: store.companies[1].name }, ...line }],
          totals: [line],
        },
      ];
    }
    if (first === "tickets" && second === "metrics") {
      const timed = { count: 9, met: 8, missed: 1, share_met: 88.9, median_minutes: 31, mean_minutes: 44.5 };
      const figures = (tickets, resolved) => ({
        tickets,
        open: tickets - resolved,
        resolved,
        reopened: 0,
        first_response: timed,
        resolution: timed,
      });
      const week = (ago) => new Date(Date.now() - ago * 7 * 864e5).toISOString().slice(0, 10);
      const data = [6, 5, 4, 3, 2, 1, 0].map((ago) => ({ period: week(ago), ...figures(3 + (ago % 3) * 2, 2 + (ago % 2)) }));
      return [200, { data, total: figures(6, 1), truncated: false }];
    }
    if (first === "campaigns" && third === "metrics") {
      const reached = { sent: 30, delivered: 28, opened: 9, clicked: 1, bounced: 2, unsubscribed: 1 };
      return [
        200,
        {
          ...{
            campaign_id: second,
            members: { total: 40, pending: 10, ...reached },
            reached,
            leads: 6,
            conversions: 2,
            won_deals: 1,
          },
          ...{
            won_value: "18000.00",
            budget: "5000.00",
            actual_cost: "3200.00",
            roi: "4.6250",
            currency: "USD",
            goals: {},
            external: {},
          },
        },
      ];
    }
    if (method === "POST" && third === (first === "documents" ? "versions" : "documents")) return upload(first, second, raw);
    if (first === "documents" && third === "versions") return [200, { data: find(store.documents, second).files }];
    if (first === "documents" && third === "link") {
      const expires_at = new Date(Date.now() + 604_800_000).toISOString();
      return [201, { id: "link-1", url: "/d/secret", expires_at }];
    }
    if (first === "documents" && third === "links") return [204, null];
    if (first === "email-templates" && third === "render") {
      const template = find(store["email-templates"], second);
      if (/{{ *offer/.test(template.body_text))
        throw problem(422, "validation", "Some fields are not right.", [
          { field: "variables.offer.number", code: "missing_variable", message: "is not known; give it a value" },
        ]);
      const whom = find(store[{ contact: "contacts", lead: "leads", company: "companies" }[body.subject_type]], body.subject_id);
      const text = template.body_text.replace(/{{ *contact\.first_name *}}/, whom?.first_name ?? whom?.name ?? "");
      return [200, { subject: template.subject, html: null, text }];
    }
    if (first === "conversations" && second === "inbox") {
      const open = store.conversations.filter((one) => one.status !== "closed");
      const boxes = {
        mine: open.filter((one) => one.assigned_to_id === actor().id),
        unassigned: open.filter((one) => !one.assigned_to_id),
        all: open,
        unread: open.filter((one) => one.unread_count > 0),
        closed: store.conversations.filter((one) => one.status === "closed"),
      };
      const counts = Object.fromEntries(Object.entries(boxes).map(([name, rows]) => [name, rows.length]));
      const words = (query.q ?? "").toLowerCase();
      const data = boxes[query.box ?? "mine"]
        .filter((one) => !words || String(one.title).toLowerCase().includes(words))
        .sort((one, other) => (one.last_message_at < other.last_message_at ? 1 : -1))
        .map((one) => ({ ...include(entity("conversations"), one, query.include), my_unread: one.unread_count }));
      return [200, { data, page: { limit: 50, next_cursor: null, counts } }];
    }
    if (first === "time-entries" && SETTLED[second]) {
      for (const id of body.ids)
        Object.assign(find(store["time-entries"], id), { status: SETTLED[second], rejection_reason: body.reason ?? null });
      return [200, { changed: body.ids.length }];
    }
    const run = method === "POST" ? verbs[first]?.[third] : undefined;
    const record = run && find(store[first], second);
    return record ? run(record, body) : null;
  }
  return { answer, reset, afterWrite };
}
