import { expect, it } from "vitest";
import "@/i18n";
import { pairsOf, pairsToValue } from "./pairs";

const kept = { host: "mail.example", port: 993, tls: true, code: "0049", folders: ["INBOX"] };

it("what was kept comes back with its types", () => {
  expect(pairsToValue(pairsOf(kept), "any").value).toEqual(kept);
  const changed = pairsOf(kept).map((pair) => (pair.name === "port" ? { ...pair, text: "465" } : pair));
  expect(pairsToValue(changed, "any").value).toMatchObject({ port: 465 });
});
it("something new is a figure when it looks like one, and a text that was one stays one", () => {
  const fresh = { key: 9, was: undefined };
  expect(
    pairsToValue(
      [
        { ...fresh, name: "port", text: "25" },
        { ...fresh, name: "dial", text: "030" },
      ],
      "any",
    ).value,
  ).toEqual({
    port: 25,
    dial: "030",
  });
  expect(pairsToValue([{ key: 0, name: "code", text: "49", was: "0049" }], "any").value).toEqual({ code: "49" });
  expect(pairsToValue([{ ...fresh, name: "leads", text: "1.5k" }], "figures").value).toEqual({ leads: 1500 });
});
it("what is wrong is said; empty lines are left out", () => {
  const line = (name: string, text: string) => ({ key: 0, name, text, was: undefined });
  expect(pairsToValue([line("", "")], "any").value).toEqual({});
  expect(pairsToValue([line("", "x")], "any").problem).toBe("Give “x” a name.");
  expect(pairsToValue([line("a", "1"), line("a", "2")], "any").problem).toBe("The name “a” is there twice.");
  expect(pairsToValue([line("leads", "many")], "figures").problem).toBe("“leads” must be a figure.");
});
