import { cleanup, render } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import { Markdown } from "./Markdown";
import { plainOf, readInline, readMarkdown } from "./markdownModel";

afterEach(cleanup);
const html = (source: string) => render(<Markdown source={source} />).container;

describe("the Markdown of notes", () => {
  it("reads blocks", () => {
    expect(readMarkdown("One\ntwo\n\n- a\n- b\n\n1. x\n2. y\n\n> said\n\n```\n**raw**\n```").map((block) => block.kind)).toEqual([
      "paragraph",
      "list",
      "list",
      "quote",
      "code",
    ]);
    expect(readMarkdown("Title:\n- a")).toHaveLength(2);
    expect(readMarkdown("")).toEqual([]);
  });
  it("reads emphasis, code, links and mentions", () => {
    const container = html(
      "**bold *and italic*** `x*y*z` ~~gone~~ [site](https://a.example) @[Ana W](user:0193-a) https://b.example/x.",
    );
    expect(container.querySelector("strong em")?.textContent).toBe("and italic");
    expect(container.querySelector("code")?.textContent).toBe("x*y*z");
    expect(container.querySelector("s")?.textContent).toBe("gone");
    expect([...container.querySelectorAll("a")].map((link) => link.getAttribute("href"))).toEqual([
      "https://a.example",
      "https://b.example/x",
    ]);
    expect(container.querySelector("[data-mention='0193-a']")?.textContent).toBe("@Ana W");
  });
  it("leaves figures and names with marks in them alone", () => {
    for (const text of ["2 * 3 * 4", "snake_case_name", "a ** b", "5*", "* ", "~~"])
      expect(readInline(text)).toEqual([{ kind: "text", text }]);
  });
});

describe("nothing becomes HTML or runs", () => {
  it.each([
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](data:text/html,<script>1</script>)",
    "[x](//evil.example)",
    "@[<b>x</b>](user:1)",
    "```\n<iframe>\n```",
    "**<svg onload=alert(1)>**",
    '[a](https://ok.example" onclick="alert(1))',
  ])("%s", (source) => {
    const container = html(source);
    expect(container.querySelectorAll("script, img, iframe, svg, b")).toHaveLength(0);
    for (const link of container.querySelectorAll("a")) expect(link.getAttribute("href")).toMatch(/^(https?:|mailto:)/);
    for (const element of container.querySelectorAll("*"))
      expect([...element.attributes].filter((attribute) => attribute.name.startsWith("on"))).toEqual([]);
  });
  it("a long hostile text is read in no time", () => {
    const began = performance.now();
    for (const piece of ["**", "*a ", "[x](", "`", "_a ", "@[", "~~a", "https://"]) readMarkdown(piece.repeat(5000));
    expect(performance.now() - began).toBeLessThan(2000);
  });
});

it("tells the words alone", () =>
  expect(plainOf("**Key** facts:\n\n- see [site](https://a.example)\n- ask @[Ben](user:1)")).toBe(
    "Key facts: see site ask @Ben",
  ));
