import { type ReactNode, Suspense, useCallback, useEffect } from "react";
import type { Entity } from "@/api/types";
import type { SearchChange } from "@/filters/search";
import { lazyNow, whenIdle } from "@/lib/lazyNow";

const PeekPanel = lazyNow(() => import("./PeekPanel"));

/** A list, and beside it the record that is looked into. */
export function Beside({
  entity,
  peek,
  set,
  className = "",
  children,
}: {
  entity: Entity;
  peek: string | undefined;
  set: (change: SearchChange) => void;
  className?: string;
  children: ReactNode;
}) {
  const close = useCallback(() => set({ peek: undefined }), [set]);
  useEffect(() => whenIdle(PeekPanel.preload), []);
  return (
    <div className={`relative flex min-h-0 flex-1 ${className}`}>
      {children}
      <Suspense>{peek && <PeekPanel entity={entity} id={peek} onClose={close} />}</Suspense>
    </div>
  );
}
