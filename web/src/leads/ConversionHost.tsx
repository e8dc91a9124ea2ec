import { lazy, Suspense } from "react";
import { conversionStore } from "./conversion";

const ConvertDialog = lazy(() => import("./ConvertDialog"));

/** Where the dialog of a conversion appears, whoever asked for it. */
export function ConversionHost() {
  const asked = conversionStore.use();
  return asked ? (
    <Suspense>
      <ConvertDialog key={asked.record.id} {...asked} />
    </Suspense>
  ) : null;
}
