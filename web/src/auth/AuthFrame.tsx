import "@/i18n/auth";
import type { ReactNode } from "react";
import { Brand } from "@/app/Brand";

/** The page around the sign-in and registration forms. */
export function AuthFrame({
  title,
  hint,
  children,
  footer,
}: {
  title: string;
  hint?: string;
  children: ReactNode;
  footer?: ReactNode;
}) {
  return (
    <main className="flex min-h-full flex-col items-center justify-center gap-6 p-4">
      <div className="flex items-center gap-2.5 text-lg font-semibold tracking-[-0.01em]">
        <Brand size={30} />
        Kith
      </div>
      <section aria-label={title} className="w-full max-w-[380px] rounded-lg bg-raised p-6 shadow-card sm:p-7">
        <h1 className="text-xl font-semibold tracking-[-0.02em]">{title}</h1>
        {hint && <p className="mt-1 text-fg-2">{hint}</p>}
        <div className="mt-5">{children}</div>
      </section>
      {footer && <p className="text-fg-2">{footer}</p>}
    </main>
  );
}
