import { useBlocker } from "@tanstack/react-router";
import { type ReactNode, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button, Modal } from "@/ui";

/**
 * Keeps what was entered from being lost by a stray click: leaving the page, going back, closing the tab or the form
 * asks first while there is something to lose. `leave` does a thing at once, or once the person is sure.
 */
export function useLeaving(dirty: boolean): {
  leave: (go: () => void) => void;
  /** Nothing is left to lose: what was entered has been saved. */
  release: () => void;
  question: ReactNode;
} {
  const { t } = useTranslation();
  const [asked, setAsked] = useState<(() => void) | null>(null);
  const sure = useRef(false);
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) =>
      dirty &&
      !sure.current &&
      (current.pathname !== next.pathname || ("create" in current.search && !("create" in next.search))),
    enableBeforeUnload: () => dirty && !sure.current,
    withResolver: true,
  });
  const go = asked ?? (blocker.status === "blocked" ? blocker.proceed : null);
  const stay = () => {
    setAsked(null);
    if (blocker.status === "blocked") blocker.reset();
  };
  return {
    leave: (next) => {
      if (dirty && !sure.current) setAsked(() => next);
      else {
        sure.current = true;
        next();
      }
    },
    release: () => {
      sure.current = true;
    },
    question: go && (
      <Modal
        title={t("form.discard")}
        width="sm"
        onClose={stay}
        footer={
          <>
            <Button data-autofocus onClick={stay}>
              {t("form.keep")}
            </Button>
            <Button
              variant="solidDanger"
              onClick={() => {
                sure.current = true;
                setAsked(null);
                go();
              }}
            >
              {t("form.discardAction")}
            </Button>
          </>
        }
      >
        <p className="text-fg-2">{t("form.discardHint")}</p>
      </Modal>
    ),
  };
}
