import { useState } from "react";
import { useTranslation } from "react-i18next";
import { kindOf } from "@/fields/registry";
import { checkValue } from "@/fields/validate";
import { Button, FormRow, Modal } from "@/ui";
import { confirmStore, type QuestionCase, questionStore } from "./dialogs";

/** Asks for the one value a write is still missing. */
export function QuestionDialog() {
  const question = questionStore.use();
  return question ? <Question key={question.title + question.field.name} {...question} /> : null;
}
function Question({ field, title, settle }: QuestionCase) {
  const { t } = useTranslation();
  const [value, setValue] = useState<unknown>(null);
  const [problem, setProblem] = useState<string | undefined>();
  const { Input } = kindOf(field);
  const answer = () => {
    const wrong = checkValue({ ...field, required: true }, value);
    if (wrong) setProblem(t(`problems.${wrong.problem}`, { label: field.label, limit: wrong.limit }));
    else settle({ value });
  };
  return (
    <Modal
      title={title}
      width="sm"
      onClose={() => settle(null)}
      footer={
        <>
          <Button onClick={() => settle(null)}>{t("common.cancel")}</Button>
          <Button variant="primary" type="submit" form="question">
            {t("common.save")}
          </Button>
        </>
      }
    >
      <form
        id="question"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          answer();
        }}
      >
        <FormRow label={field.label} required help={field.help} error={problem}>
          {(aria) =>
            Input && (
              <Input
                field={field}
                value={value}
                values={{}}
                aria={aria}
                inputRef={() => {}}
                onBlur={() => {}}
                onChange={(next) => {
                  setValue(next);
                  setProblem(undefined);
                }}
              />
            )
          }
        </FormRow>
      </form>
    </Modal>
  );
}

/** Makes sure before something that is hard to take back. */
export function ConfirmDialog() {
  const { t } = useTranslation();
  const question = confirmStore.use();
  if (!question) return null;
  return (
    <Modal
      title={question.title}
      width="sm"
      onClose={() => question.settle(false)}
      footer={
        <>
          <Button data-autofocus onClick={() => question.settle(false)}>
            {t("common.cancel")}
          </Button>
          <Button variant="solidDanger" onClick={() => question.settle(true)}>
            {question.action}
          </Button>
        </>
      }
    >
      <p className="text-fg-2">{question.detail}</p>
    </Modal>
  );
}
