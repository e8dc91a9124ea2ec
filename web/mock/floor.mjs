// What is special about leads, tasks, notes and interactions in the stand-in: conversion, days, timelines.
import { find, problem } from "./records.mjs";

const OPEN = ["todo", "in_progress", "review"];
const BUCKETS = ["overdue", "today", "tomorrow", "this_week", "later", "no_date"];
const PRIORITY = ["urgent", "high", "medium", "low"];
/** Under which type an interaction stands in the timeline of its subject. */
const TYPE_OF = {
  phone: "call",
  email: "email",
  meeting: "meeting",
  chat: "message_sent",
  whatsapp: "message_sent",
  sms: "message_sent",
};

const dayOf = (moment) => new Date(moment).toISOString().slice(0, 10);
const shift = (day, by) => new Date(Date.parse(`${day}T00:00:00Z`) + by * 864e5).toISOString().slice(0, 10);

export function bucketOf(task, now = new Date()) {
  if (!task.due_at) return "no_date";
  const today = dayOf(now);
  const due = dayOf(task.due_at);
  if (due < today) return "overdue";
  if (due === today) return "today";
  if (due === shift(today, 1)) return "tomorrow";
  const weekday = (new Date(`${today}T00:00:00Z`).getUTCDay() + 6) % 7;
  return due <= shift(today, 6 - weekday) ? "this_week" : "later";
}

export function createFloor({ store, entityOf, insert, update, remove, tell, actor }) {
  const entity = (plural) => entityOf.get(plural);
  const subjectOf = (record) =>
    record.subject_id
      ? find(store[[...entityOf.values()].find((one) => one.name === record.subject_type)?.plural], record.subject_id)
      : null;

  /** Writes into the timeline of its subject what a note, interaction or task says. */
  function tellSubject(plural, record, at = new Date().toISOString(), author = actor()) {
    const subject = subjectOf(record);
    if (!subject) return;
    const target = [...entityOf.values()].find((one) => one.name === record.subject_type);
    const [type, words, text] =
      plural === "notes"
        ? ["note", "Note", null]
        : plural === "tasks"
          ? ["task", record.title, record.description]
          : [TYPE_OF[record.channel] ?? "system", record.type, record.note];
    tell(target, subject, {
      type,
      subject: words,
      description: text,
      metadata: { entity: entity(plural).name, id: record.id, action: "created" },
      at,
      author,
    });
  }

  /** What the rules of an entity fill in when a record is made. */
  function prepare(name, record) {
    if (name === "lead") {
      record.full_name = [record.first_name, record.last_name].filter(Boolean).join(" ") || record.company_name || record.email;
      record.pipeline_id ??= store.pipelines.find((pipeline) => pipeline.entity === "lead").id;
      const stages = store.stages.filter((stage) => stage.pipeline_id === record.pipeline_id);
      record.stage_id ??= stages[0].id;
      record.status = find(stages, record.stage_id)?.lead_status ?? record.status;
      record.board_position ??= `000000${record.id}`;
      record.is_archived ??= false;
    }
    if (name === "task") {
      record.assigned_to_id ??= actor().id;
      if (record.status === "pending") record.status = "todo";
      record.completed_at = record.status === "completed" ? (record.completed_at ?? new Date().toISOString()) : null;
    }
    if (name === "note") record.mentions = [...String(record.content).matchAll(/\(user:([\w-]+)\)/g)].map((match) => match[1]);
    if (name === "interaction") record.occurred_at ??= new Date().toISOString();
    if (["note", "interaction"].includes(name)) record.created_by ??= actor().id;
  }

  function afterInsert(name, record) {
    if (name === "interaction" && record.follow_up_at) {
      const { subject_type, subject_id } = record;
      insert(entity("tasks"), {
        ...{ title: `Follow up: ${record.type}`, type: "follow_up", due_at: record.follow_up_at, subject_type, subject_id },
        interaction_id: record.id,
      });
    }
    if (["note", "interaction", "task"].includes(name)) tellSubject(`${name}s`, record);
  }

  // ---- conversion ----
  const domain = (address) => /@(.+)$/.exec(address ?? "")?.[1] ?? (address ? new URL(address).host : null);
  function matchesOf(lead) {
    const web = domain(lead.website);
    const companies = store.companies.flatMap((company) => {
      if (company.deleted_at) return [];
      const reason =
        web && [domain(company.website), domain(company.email)].includes(web)
          ? "domain"
          : company.name.toLowerCase() === (lead.company_name ?? "").toLowerCase()
            ? "name"
            : null;
      return reason ? [{ id: company.id, name: company.name, reason }] : [];
    });
    const contacts = store.contacts.flatMap((contact) => {
      if (contact.deleted_at) return [];
      const reason =
        lead.email && contact.email === lead.email
          ? "email"
          : lead.phone && contact.phone === lead.phone
            ? "phone"
            : contact.full_name === lead.full_name
              ? "name"
              : null;
      return reason ? [{ id: contact.id, name: contact.full_name, reason }] : [];
    });
    return { companies: companies.slice(0, 5), contacts: contacts.slice(0, 5) };
  }
  const firstStage = (pipeline) =>
    store.stages.filter((stage) => stage.pipeline_id === pipeline).sort((one, other) => one.position - other.position)[0];
  const dealOf = (lead) => {
    const pipeline = store.pipelines.find((one) => one.entity === "deal" && one.is_default);
    const product = find(store.products, lead.product_id)?.name;
    return {
      name: [lead.company_name ?? lead.full_name, product].filter(Boolean).join(" – "),
      pipeline_id: pipeline.id,
      stage_id: firstStage(pipeline.id).id,
      amount: lead.estimated_value,
      currency: lead.currency,
    };
  };
  function conversion(lead) {
    const found = matchesOf(lead);
    const results = resultsOf(lead);
    const blockers = lead.converted_at ? hanging(results) : [];
    // A name alone is a hint, not a proof.
    const sure = (matches) => matches.find((match) => match.reason !== "name")?.id ?? null;
    return {
      converted: lead.converted_at !== null,
      can_undo: lead.converted_at !== null && blockers.length === 0,
      blockers,
      company: { suggested: sure(found.companies), matches: found.companies },
      contact: { suggested: sure(found.contacts), matches: found.contacts },
      deal: dealOf(lead),
    };
  }
  const resultsOf = (lead) => [
    [entity("companies"), find(store.companies, lead.converted_company_id)],
    [entity("contacts"), find(store.contacts, lead.converted_contact_id)],
    [entity("deals"), find(store.deals, lead.converted_deal_id)],
  ];
  /** What was written about the records that a conversion made. */
  const hanging = (results) =>
    results.flatMap(([target, record]) =>
      record?.made_by_conversion && store.tasks.some((task) => task.subject_id === record.id && !task.deleted_at)
        ? [`The ${target.label.toLowerCase()} has tasks.`]
        : [],
    );
  function convert(lead, body) {
    if (lead.converted_at) throw problem(409, "state_conflict", "This lead has been converted already.");
    const known = conversion(lead);
    const choose = (part, target, make) => {
      const choice = body[part] ?? (known[part].suggested ? { action: "use", id: known[part].suggested } : { action: "create" });
      if (choice.action === "none") return null;
      if (choice.action === "use") return find(store[target.plural], choice.id);
      return Object.assign(insert(target, make(choice)), { made_by_conversion: true });
    };
    const company = choose("company", entity("companies"), (choice) => ({
      name: choice.name ?? lead.company_name ?? lead.full_name,
      website: lead.website,
      owner_id: lead.owner_id,
    }));
    const contact = choose("contact", entity("contacts"), () => ({
      ...{ first_name: lead.first_name ?? "", last_name: lead.last_name ?? "", email: lead.email, phone: lead.phone },
      ...{ job_title: lead.job_title, company_id: company?.id ?? null, owner_id: lead.owner_id },
    }));
    const wanted = { action: "create", ...known.deal, ...body.deal };
    const { action, ...values } = wanted;
    const deal =
      action === "none"
        ? null
        : Object.assign(
            insert(entity("deals"), {
              ...values,
              company_id: company?.id ?? null,
              contact_id: contact?.id ?? null,
              owner_id: lead.owner_id,
            }),
            { made_by_conversion: true },
          );
    const stage = store.stages.find((one) => one.pipeline_id === lead.pipeline_id && one.lead_status === "converted");
    lead.before_conversion = { stage_id: lead.stage_id };
    update(
      entity("leads"),
      lead,
      {
        ...{ stage_id: stage.id, status: "converted", converted_at: new Date().toISOString() },
        ...{ converted_company_id: company?.id ?? null, converted_contact_id: contact?.id ?? null },
        converted_deal_id: deal?.id ?? null,
      },
      { type: "converted" },
    );
    return { lead, company, contact, deal };
  }
  function unconvert(lead) {
    const results = resultsOf(lead);
    const blockers = hanging(results);
    if (blockers.length > 0)
      throw problem(
        409,
        "in_use",
        blockers.join(" "),
        blockers.map((message) => ({ field: "lead", code: "in_use", message })),
      );
    for (const [target, record] of results) if (record?.made_by_conversion) remove(target, record);
    update(entity("leads"), lead, {
      ...{ stage_id: lead.before_conversion.stage_id, status: find(store.stages, lead.before_conversion.stage_id).lead_status },
      ...{ converted_at: null, converted_company_id: null, converted_contact_id: null, converted_deal_id: null },
    });
    return { lead };
  }

  // ---- tasks ----
  function myTasks(query) {
    const open = store.tasks
      .filter((task) => !task.deleted_at && task.assigned_to_id === actor().id && OPEN.includes(task.status))
      .map((task) => ({ ...task, bucket: bucketOf(task) }));
    const counts = Object.fromEntries(BUCKETS.map((bucket) => [bucket, open.filter((task) => task.bucket === bucket).length]));
    const done =
      query.completed === "today"
        ? store.tasks
            .filter((task) => !task.deleted_at && task.assigned_to_id === actor().id && task.status === "completed")
            .filter((task) => dayOf(task.completed_at) === dayOf(Date.now()))
            .map((task) => ({ ...task, bucket: "done" }))
        : [];
    const rank = (task) => [BUCKETS.indexOf(task.bucket), task.due_at ?? "9", PRIORITY.indexOf(task.priority)];
    open.sort((one, other) => {
      const [a, b] = [rank(one), rank(other)];
      const at = a.findIndex((part, index) => part !== b[index]);
      return at < 0 ? 0 : a[at] < b[at] ? -1 : 1;
    });
    const rows = [...open, ...done].filter((task) => !query.bucket || task.bucket === query.bucket);
    return { rows, counts };
  }

  return {
    prepare,
    afterInsert,
    tellSubject,
    myTasks,
    /** Answers what only these entities answer; undefined for everything else. */
    answer(method, plural, record, action, json) {
      if (plural === "leads" && action === "conversion") return [200, conversion(record)];
      if (plural === "leads" && action === "convert" && method === "POST") return [200, convert(record, json)];
      if (plural === "leads" && action === "unconvert" && method === "POST") return [200, unconvert(record)];
      if (plural === "tasks" && (action === "complete" || action === "reopen") && method === "PUT") {
        const done = action === "complete";
        return [
          200,
          update(
            entity("tasks"),
            record,
            { status: done ? "completed" : "todo", completed_at: done ? new Date().toISOString() : null },
            { type: "status_changed" },
          ),
        ];
      }
      return undefined;
    },
  };
}
