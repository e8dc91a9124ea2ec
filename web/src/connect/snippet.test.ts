import { expect, it } from "vitest";
import { formFields, snippetOf } from "./snippet";

const words = { send: "Send", leaveEmpty: "Leave this empty" };
const address = "https://crm.example/api/v1/forms/abc";

it("a form is plain HTML that asks for its fields and hides its trap", () => {
  const fields = formFields([
    { name: "mail", field: "email", label: "Your address", required: true },
    { name: "text", field: "notes", label: "Message", required: false },
  ]);
  expect(snippetOf({ address, fields, honeypot: "fax" }, words)).toBe(
    [
      `<form action="${address}" method="post">`,
      '  <label>Your address <input name="mail" type="email" autocomplete="email" required></label>',
      '  <label>Message <textarea name="text"></textarea></label>',
      '  <label hidden>Leave this empty <input name="fax" tabindex="-1" autocomplete="off"></label>',
      "  <button>Send</button>",
      "</form>",
    ].join("\n"),
  );
});
it("what people named cannot break out of its place", () => {
  const fields = formFields([{ name: 'a"><script>', field: "title", label: "<b>Title</b>", required: false }]);
  expect(snippetOf({ address, fields, honeypot: "" }, words)).not.toMatch(/<script|<b>/);
});
it("what is no field is left out", () => {
  expect(formFields([{ label: "Nameless" }, "mail", null])).toEqual([]);
});
