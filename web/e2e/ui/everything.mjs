// Accessibility, everywhere.
import assert from "node:assert/strict";
import { everyPage } from "../everyPage.mjs";

export default async function flows(check) {
  await check(
    "every page that there is: accessible in both themes",
    async (page) => {
      assert.deepEqual(await everyPage(page), []);
    },
    // A few rows say as much of a table as many.
    { viewport: { width: 1280, height: 480 } },
  );
}
