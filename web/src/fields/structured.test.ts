import { expect, it } from "vitest";
import { lineOf } from "./structured";

const words = { yes: "Yes", no: "No" };
const line = (value: unknown) => lineOf(value, words);

it("a structure reads as words, without braces", () => {
  expect(line({ imap_host: "mail.example", smtp_port: 465 })).toBe("IMAP host: mail.example · SMTP port: 465");
  expect(line({ channel: "phone", newsletter: true, nothing: {} })).toBe("Channel: phone · Newsletter: Yes");
  expect(line(["https://www.example.com", "https://example.com"])).toBe("https://www.example.com, https://example.com");
});
it("entries of a list are called by their names", () => {
  expect(line([{ hue: "amber", label: "Gold", value: "gold" }, { field: "company_id" }])).toBe("Gold, Company ID");
});
it("nothing is no words", () => {
  expect(line({})).toBe("");
  expect(line(null)).toBe("");
});
