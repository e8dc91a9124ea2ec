import { expect, it } from "vitest";
import { inWords, within } from "./words";

it("a label within a sentence begins small, an abbreviation does not", () => {
  expect(within("Company")).toBe("company");
  expect(within("SLA policies")).toBe("SLA policies");
  expect(within("Email template")).toBe("email template");
});
it("names of settings read as words", () => {
  expect(inWords("imap_host")).toBe("IMAP host");
  expect(inWords("smtpPort")).toBe("SMTP port");
  expect(inWords("newsletter")).toBe("Newsletter");
});
