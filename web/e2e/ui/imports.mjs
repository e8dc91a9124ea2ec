// The import wizard.
import assert from "node:assert/strict";
import { accessible, hook } from "./world.mjs";

const csv = (rows) => ({
  name: "companies.csv",
  mimeType: "text/csv",
  buffer: Buffer.from(
    `Name,Employees,Web page\n${Array.from({ length: rows }, (_, row) => `"Import, ${row}",${row === 4 ? "many" : row + 3},https://import${row}.example`).join("\n")}`,
  ),
});
export default async function flows(check) {
  await check("import: match columns, check without writing, start, watch, read the errors", async (page) => {
    await page.goto("/companies/import");
    await page.locator("input[type=file]").setInputFiles(csv(30));
    await page.getByRole("rowheader", { name: "Web page" }).waitFor();
    await accessible(page);
    await page.getByRole("combobox", { name: "Web page: Leave out" }).click();
    await page.getByRole("combobox", { name: "Field for Web page" }).fill("Website");
    await page.getByRole("option", { name: "Website" }).click();
    await page.getByRole("button", { name: "Check the file" }).click();
    await page.getByText("1 row has an error. Nothing has been written yet.").waitFor();
    assert.equal(await page.locator("[data-figure=created]").innerText(), "29");
    await page.getByText("Employees must be a whole number.").waitFor();
    await accessible(page);
    await page.getByRole("button", { name: "Start import" }).click();
    await page.waitForURL(/imports\//);
    await page.getByRole("progressbar").waitFor();
    await page.getByText("Completed").waitFor();
    assert.equal(await page.locator("[data-figure=created]").innerText(), "29");
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Download errors" }).click(),
    ]);
    assert.match(download.suggestedFilename(), /errors/);
    await accessible(page);
    await page.getByRole("link", { name: "Show companies" }).click();
    await page.getByRole("searchbox").fill("Import, 29");
    await page.waitForFunction(() => document.querySelector("[data-cell='0:0']")?.innerText === "Import, 29");
  });
  await check("import: a missing required column is named, a default may fill it, and a run can be cancelled", async (page) => {
    await page.goto("/products/import");
    await page.locator("input[type=file]").setInputFiles({
      name: "p.csv",
      mimeType: "text/csv",
      buffer: Buffer.from(`Name,SKU\n${Array.from({ length: 60 }, (_, row) => `Thing ${row},T-${row}`).join("\n")}`),
    });
    await page.getByText(/These fields are required.*Price/).waitFor();
    assert.ok(await page.getByRole("button", { name: "Check the file" }).isDisabled());
    await page.getByRole("combobox", { name: "Add a default" }).click();
    await page.getByRole("option", { name: "Price" }).click();
    await page.getByRole("textbox", { name: "Default for Price" }).fill("10.00");
    await page.getByRole("button", { name: "Check the file" }).click();
    await page.getByText("Every row can be imported").waitFor();
    await page.getByRole("button", { name: "Start import" }).click();
    await page.getByRole("button", { name: "Cancel import" }).click();
    await page.getByText("Cancelled").waitFor();
    await page.goto("/imports");
    await page.getByRole("link", { name: "p.csv" }).first().waitFor();
    await accessible(page);
  });
  await check("import: a finished one is undone as a whole, and what was changed since stays", async (page) => {
    await page.goto("/products/import");
    await page.locator("input[type=file]").setInputFiles({
      name: "undone.csv",
      mimeType: "text/csv",
      buffer: Buffer.from("Name,SKU,Price\nUndone one,U-1,10.00\nUndone two,U-2,20.00\nUndone three,U-3,30.00"),
    });
    await page.getByRole("button", { name: "Check the file" }).click();
    await page.getByRole("button", { name: "Start import" }).click();
    await page.getByText("Completed").waitFor();
    const address = page.url();
    await page.getByRole("link", { name: "Show products" }).click();
    await page.getByRole("searchbox").fill("Undone two");
    await page.waitForFunction(() => document.querySelector("[data-cell='0:0']")?.innerText === "Undone two");
    const id = (await page.locator("[data-cell='0:0'] a").first().getAttribute("href")).split("/").at(-1);
    await hook(`change/products/${id}`, { sku: "U-22" });
    await page.goto(address);
    await page.getByRole("button", { name: "Undo import" }).click();
    const dialog = page.getByRole("dialog", { name: "Undo this import?" });
    await dialog.getByText("What it created (3) is deleted").waitFor();
    await accessible(page);
    await dialog.getByRole("button", { name: "Cancel" }).click();
    assert.equal(await page.locator("[data-undone]").count(), 0);
    await page.getByRole("button", { name: "Undo import" }).click();
    await dialog.getByRole("button", { name: "Undo import" }).click();
    const undone = page.getByRole("region", { name: "Undone" });
    await undone.waitFor();
    assert.equal(await page.locator("[data-undone=deleted]").innerText(), "2");
    assert.equal(await page.locator("[data-undone=kept]").innerText(), "1");
    await undone.getByText("It was changed since the import").waitFor();
    assert.equal(await page.getByRole("button", { name: "Undo import" }).count(), 0);
    await accessible(page);
    await undone.getByRole("link", { name: "Undone two" }).click();
    await page.getByRole("heading", { name: "Undone two" }).waitFor();
    await page.goto("/products");
    await page.getByRole("searchbox").fill("Undone");
    await page.waitForFunction(
      () =>
        document.querySelector("[data-cell='0:0']")?.innerText === "Undone two" && !document.querySelector("[data-cell='1:0']"),
    );
  });
}
