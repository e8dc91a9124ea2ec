// People in the stand-in: signing in with a second factor, mailed links, sessions, keys, roles, invitations, hand-over.
import { field } from "./fields.mjs";
import { buildKeys, buildSessions, RESOURCES, shippedGrants } from "./peopleData.mjs";
import { find, problem } from "./records.mjs";

/** The second factor's code is always this one. */
const CODE = "123456";
const SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
const RECOVERY = ["k4t7-9wq2", "m3xd-7rpa", "tz8n-4hce", "v9qk-2jfy", "b6ws-8ugm"].flatMap((code) => [code, `${code}x`]);
const refuse = (field, message, code = "invalid") =>
  problem(422, "validation", "Some fields are not right.", [{ field, code, message }]);
const stale = () => problem(404, "token_invalid", "This link holds no longer.");
const longEnough = (password) => {
  if (String(password ?? "").length < 8) throw refuse("password", "needs at least 8 characters", "too_short");
};

export function createPeople({ store, session, entityOf, entities, actor, become, insert, update, uuid, sessionBody }) {
  let accounts;
  let invitations;
  let sessions;
  let keys;
  let grants;
  let versions;
  const account = () => accounts.get(actor().email.toLowerCase());
  const roleOf = (user) => find(store.roles, user.role_id);
  const byKey = (key) => store.roles.find((role) => role.key === key);
  const grantsOf = (role) => grants.get(role.id) ?? [];
  const granted = (resource, action) =>
    grantsOf(roleOf(actor())).some((one) => one.resource === resource && one.action === action);
  const lastOwner = (user) =>
    roleOf(user)?.key === "owner" &&
    store.users.filter((one) => one.status === "active" && roleOf(one)?.key === "owner").length === 1;
  const keepsAnOwner = (user) => {
    if (lastOwner(user)) throw problem(409, "last_owner", "The last owner has to stay. Make somebody else an owner first.");
  };

  /** The metadata follows the custom fields that there are. */
  function syncFields() {
    for (const entity of entities) {
      const own = store["custom-fields"].filter((one) => one.entity === entity.name && !one.deleted_at);
      const made = own
        .toSorted((one, other) => one.position - other.position)
        .map((one) =>
          field(`custom.${one.key}`, one.label, one.kind, {
            r: one.is_required,
            u: one.is_unique,
            help: one.help ?? null,
            choices: one.choices?.length ? one.choices : null,
            reference: one.reference ?? (one.kind === "user" ? "user" : null),
            default: one.default_value?.value ?? null,
            min: one.minimum ?? null,
            max: one.maximum ?? null,
            ...(one.is_filterable === false ? { filterable: false, operators: [] } : {}),
          }),
        );
      entity.fields = [...entity.fields.filter((one) => !one.custom || one.kind === "custom_fields"), ...made];
    }
  }

  function reset() {
    accounts = new Map([
      ["ana.whitfield@kith.test", { password: "correct horse", totp: null, recovery: [] }],
      ["elif.kaya@kith.test", { password: "correct horse", totp: SECRET, recovery: [...RECOVERY] }],
    ]);
    const invited = store.users.find((user) => user.status === "invited");
    invitations = new Map([
      ["new-person", { user: invited, known: false }],
      ["known-person", { user: store.users.find((user) => user.email.startsWith("elif")), known: true }],
    ]);
    sessions = buildSessions(uuid);
    keys = buildKeys(uuid);
    grants = new Map(store.roles.map((role) => [role.id, shippedGrants(role.key)]));
    versions = new Map(store.roles.map((role) => [role.id, 1]));
    syncFields();
  }

  /** Who signs in shows a code, or a recovery code, where the account has a second factor. */
  function prove(held, totp) {
    if (!held.totp) return;
    if (!totp) throw problem(401, "totp_required", "A code of the second factor is needed.");
    const kept = held.recovery.indexOf(totp);
    if (kept >= 0) held.recovery.splice(kept, 1);
    else if (totp !== CODE) throw problem(401, "totp_invalid", "The code is not right.");
  }
  function signIn(email, password, totp) {
    const held = accounts.get(String(email).toLowerCase());
    if (!held || held.password !== password)
      throw problem(401, "invalid_credentials", "The e-mail address or the password is not right.");
    prove(held, totp);
    become(store.users.find((user) => user.email.toLowerCase() === String(email).toLowerCase()) ?? actor());
    Object.assign(session, { signedIn: true, expired: false });
    return [200, sessionBody()];
  }

  /** What nobody has to be signed in for. Null where the path is another's. */
  function open(method, path, body, query) {
    switch (`${method} ${path}`) {
      case "POST login":
        return signIn(body.email, body.password, body.totp);
      case "POST forgot-password":
        return [202, null];
      case "POST reset-password":
        if (body.token !== "reset-me") throw stale();
        longEnough(body.password);
        accounts.get("ana.whitfield@kith.test").password = body.password;
        session.signedIn = false;
        return [204, null];
      case "POST verify-email":
        if (body.token !== "verify-me") throw stale();
        actor().is_verified = true;
        return [204, null];
      case "GET invitation": {
        const held = invitations.get(query.token);
        if (!held) throw stale();
        return [
          200,
          {
            email: held.user.email,
            organization_name: session.organization.name,
            role_name: roleOf(held.user).name,
            full_name: held.known ? held.user.full_name : null,
            has_account: held.known,
          },
        ];
      }
      case "POST accept-invitation": {
        const held = invitations.get(body.token);
        if (!held) throw stale();
        const email = held.user.email.toLowerCase();
        if (held.known) return signIn(email, body.password, body.totp);
        if (!body.full_name) throw refuse("full_name", "is required", "required");
        longEnough(body.password);
        accounts.set(email, { password: body.password, totp: null, recovery: [] });
        Object.assign(held.user, { full_name: body.full_name, status: "active", is_verified: true });
        invitations.delete(body.token);
        return signIn(email, body.password);
      }
      default:
        return null;
    }
  }

  function checkPassword(given, name) {
    if (account().password !== given) throw refuse(name, "is not your password");
  }
  function checkCode(code) {
    if (code !== CODE && !account().recovery.includes(code)) throw refuse("code", "is not right, or its time has passed");
  }
  /** What is one's own. */
  function own(method, path, id, body) {
    switch (`${method} ${path}`) {
      case "PATCH me":
        if ("full_name" in body && !body.full_name) throw refuse("full_name", "is required", "required");
        if (body.phone && !/^[+\d][\d ()/-]{5,}$/.test(body.phone)) throw refuse("phone", "is no phone number");
        Object.assign(actor(), body);
        return [200, sessionBody().user];
      case "POST change-password":
        checkPassword(body.current_password, "current_password");
        longEnough(body.password);
        account().password = body.password;
        sessions = sessions.filter((one) => one.current);
        return [204, null];
      case "POST verify-email":
        return id === "resend" ? [202, null] : null;
      case "GET totp":
        return [200, { enabled: account().totp !== null, recovery_codes_left: account().recovery.length }];
      case "POST totp":
        return totp(id, body);
      case "GET sessions":
        return [200, { data: sessions }];
      case "DELETE sessions":
        sessions = sessions.filter((one) => (id ? one.id !== id : one.current));
        return [204, null];
      case "GET api-keys":
        return [200, { data: keys }];
      case "POST api-keys": {
        if (keys.some((key) => key.name === body.name)) throw refuse("name", "is the name of another key", "duplicate");
        const secret = `kith_${uuid().replaceAll("-", "")}`;
        const key = {
          ...{ id: uuid(), name: body.name, prefix: secret.slice(0, 9), scopes: body.scopes },
          ...{ created_at: new Date().toISOString(), last_used_at: null, expires_at: body.expires_at ?? null },
        };
        keys.unshift(key);
        return [201, { ...key, key: secret }];
      }
      case "DELETE api-keys":
        keys = keys.filter((key) => key.id !== id);
        return [204, null];
      default:
        return null;
    }
  }
  function totp(step, body) {
    if (step === "setup") {
      checkPassword(body.password, "password");
      return [200, { secret: SECRET, uri: `otpauth://totp/Kith:${actor().email}?secret=${SECRET}&issuer=Kith` }];
    }
    checkCode(body.code);
    if (step === "disable") {
      checkPassword(body.password, "password");
      Object.assign(account(), { totp: null, recovery: [] });
      return [204, null];
    }
    Object.assign(account(), { totp: SECRET, recovery: [...RECOVERY] });
    return [200, { recovery_codes: RECOVERY }];
  }

  function rolePermissions(method, role, body, given) {
    const version = versions.get(role.id) ?? 1;
    if (method === "PUT") {
      if (role.key === "owner") throw problem(409, "fixed", "The owner role cannot be changed.");
      if (given && given !== version) throw problem(412, "conflict", "Somebody else changed this role.");
      grants.set(role.id, body.data);
      versions.set(role.id, version + 1);
    }
    const shipped = role.is_system ? shippedGrants(role.key) : null;
    return [200, { data: grantsOf(role), shipped, version: versions.get(role.id) ?? 1 }];
  }
  function makeRole(body) {
    if (store.roles.some((role) => role.name === body.name && !role.deleted_at))
      throw refuse("name", "is the name of another role", "duplicate");
    const { copy_of, ...values } = body;
    const key = String(body.name).toLowerCase().replaceAll(/\W+/g, "_");
    const role = insert(entityOf.get("roles"), { ...values, key, is_system: false });
    grants.set(role.id, copy_of ? grantsOf(find(store.roles, copy_of)) : []);
    versions.set(role.id, 1);
    return [201, role];
  }

  function invite(body) {
    if (store.users.some((user) => user.email.toLowerCase() === String(body.email).toLowerCase()))
      throw refuse("email", "belongs to somebody who is here already", "duplicate");
    const user = insert(entityOf.get("users"), { full_name: "", team_id: null, ...body, status: "invited" });
    Object.assign(user, { last_login_at: null, is_verified: false });
    invitations.set(`invite-${user.id}`, { user, known: false });
    return [201, user];
  }
  function deactivate(user, heir) {
    keepsAnOwner(user);
    for (const entity of heir ? entities : [])
      for (const name of ["owner_id", "assigned_to_id"])
        if (entity.fields.some((one) => one.name === name))
          for (const record of store[entity.plural] ?? []) if (record[name] === user.id) record[name] = heir;
    return [200, update(entityOf.get("users"), user, { status: "suspended" })];
  }

  return {
    reset,
    open,
    syncFields,
    register: (email, password) => accounts.set(email, { password, totp: null, recovery: [] }),
    own,
    me: () => ({ role: roleOf(actor()), grants: grantsOf(roleOf(actor())) }),
    /** The entities as the acting person may see and change them. */
    entities: () =>
      entities
        .filter((entity) => granted(entity.resource, "read"))
        .map((entity) => ({
          ...entity,
          permissions: entity.permissions.filter((permission) => granted(entity.resource, permission)),
        })),
    /** For the tests: another role for the acting person, some permissions less, or an address that is not confirmed. */
    pretend({ role, is_verified, without = [], narrow = {} }) {
      const held = roleOf(actor());
      grants.set(
        held.id,
        grantsOf(held)
          .filter((one) => !without.includes(`${one.resource}:${one.action}`))
          .map((one) => ({ ...one, scope: narrow[`${one.resource}:${one.action}`] ?? one.scope })),
      );
      if (role) actor().role_id = byKey(role).id;
      if (is_verified !== undefined) actor().is_verified = is_verified;
    },
    permissions: () => [200, { data: RESOURCES }],
    makeRole,
    invite,
    /** What may be done with one record beside reading and writing it. Null where that is another's. */
    answer(method, plural, record, what, body, given) {
      if (plural === "roles" && what === "permissions") return rolePermissions(method, record, body, given);
      if (plural === "roles" && method === "DELETE" && store.users.some((user) => user.role_id === record.id))
        throw problem(409, "in_use", "People have this role.");
      if (plural === "stages" && what === "merge") {
        for (const entity of ["deals", "leads"])
          for (const one of store[entity]) if (one.stage_id === record.id) one.stage_id = body.into;
        record.deleted_at = new Date().toISOString();
        store.stages.splice(store.stages.indexOf(record), 1);
        return [204, null];
      }
      if (plural !== "users") return null;
      if (what === "deactivate") return deactivate(record, body.hand_over_to);
      if (what === "reactivate") return [200, update(entityOf.get("users"), record, { status: "active" })];
      if (what === "invite" && method === "DELETE") {
        store.users.splice(store.users.indexOf(record), 1);
        return [204, null];
      }
      if (what === "invite") return [202, null];
      if (method === "PATCH" && body.role_id && body.role_id !== record.role_id) keepsAnOwner(record);
      return null;
    },
    /** One default pipeline for each entity: a new one replaces the one before. */
    prepare(entity, values, record) {
      if (entity.name !== "pipeline" || values.is_default !== true) return;
      const purpose = record?.entity ?? values.entity;
      for (const one of store.pipelines) if (one.entity === purpose && one !== record) one.is_default = false;
    },
  };
}
