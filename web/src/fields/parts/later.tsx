import { type ComponentType, lazy, Suspense } from "react";
import { Skeleton } from "@/ui";

/** A part of a field that is fetched when it is first shown, and keeps its place meanwhile. */
export function later<Props extends object>(load: () => Promise<{ default: ComponentType<Props> }>): ComponentType<Props> {
  const Loaded = lazy(load) as ComponentType<Props>;
  return function Later(props: Props) {
    return (
      <Suspense fallback={<Skeleton className="h-9 w-full" />}>
        <Loaded {...props} />
      </Suspense>
    );
  };
}
