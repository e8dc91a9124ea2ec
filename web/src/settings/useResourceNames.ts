import { useMeta } from "@/api/queries";
import i18n from "@/i18n";

/** What people call a resource: as its records are called, or by its own words where it has none. */
export function useResourceNames(): (resource: string) => string {
  const meta = useMeta();
  // The first entity of a resource gives it its name: stages belong to the pipelines.
  const names = new Map([...meta.entities].reverse().map((entity) => [entity.resource, entity.label_plural]));
  return (resource) => {
    const own = i18n.t(`resources.${resource as "organization"}`, { defaultValue: "" });
    if (own) return own;
    const words = names.get(resource) ?? resource.replaceAll("_", " ");
    return words.charAt(0).toUpperCase() + words.slice(1);
  };
}
