// What a spreadsheet program does with an exported file: its rows as they stand, by the names in the first one.
import fs from "node:fs";
import { strFromU8, unzipSync } from "fflate";
import { Window } from "happy-dom";

const named = ([headers, ...rows]) => rows.map((row) => Object.fromEntries(headers.map((header, at) => [header, row[at] ?? ""])));

/** The rows of the first sheet of a workbook. Figures are numbers, everything else is text. */
export function readWorkbook(path) {
  const parts = unzipSync(fs.readFileSync(path));
  const parser = new new Window().DOMParser();
  const parse = (name) => parser.parseFromString(strFromU8(parts[name]), "text/xml");
  const textOf = (element) => [...element.getElementsByTagName("t")].map((text) => text.textContent).join("");
  const shared = parts["xl/sharedStrings.xml"] ? [...parse("xl/sharedStrings.xml").getElementsByTagName("si")].map(textOf) : [];
  const figureOrText = (cell) => {
    const written = cell.getElementsByTagName("v")[0]?.textContent;
    const type = cell.getAttribute("t");
    if (type === "inlineStr") return textOf(cell);
    if (written === undefined) return "";
    if (type === "s") return shared[Number(written)];
    if (type === "str") return written;
    if (type === "b") return written === "1";
    return Number(written);
  };
  const columnOf = (cell) =>
    [...cell.getAttribute("r").replaceAll(/\d/g, "")].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1;
  const rows = [...parse("xl/worksheets/sheet1.xml").getElementsByTagName("row")].map((row) => {
    const cells = [];
    for (const cell of row.getElementsByTagName("c")) cells[columnOf(cell)] = figureOrText(cell);
    return cells;
  });
  return named(rows);
}

/** The rows of a file of comma-separated values (RFC 4180). */
export function readCsv(path) {
  const text = fs.readFileSync(path, "utf8").replace(/^\uFEFF/, "");
  const rows = [];
  let row = [];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ",") continue;
    rows.push(row);
    row = [];
  }
  return named(rows.filter((cells) => cells.length > 1 || cells[0]));
}
