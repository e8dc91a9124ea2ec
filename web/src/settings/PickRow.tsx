import { NONE, noneItem, PickTrigger } from "@/fields/parts/PickEditor";
import { FormRow, Picker, type PickItem } from "@/ui";

/** One choice from a list in a form. `none` names the choice of nothing, where nothing may be chosen. */
export function PickRow({
  label,
  help,
  error,
  required = false,
  items,
  value,
  none,
  creatable = false,
  disabled = false,
  className,
  onChange,
}: {
  label: string;
  help?: string | undefined;
  error?: string | undefined;
  required?: boolean;
  items: PickItem[];
  value: string;
  none?: string | undefined;
  creatable?: boolean;
  disabled?: boolean;
  className?: string | undefined;
  onChange: (value: string) => void;
}) {
  const chosen = items.find((item) => item.value === value);
  return (
    <FormRow label={label} help={help} error={error} required={required} className={className}>
      {(aria) => (
        <Picker
          label={label}
          items={none === undefined ? items : [noneItem(none), ...items]}
          creatable={creatable}
          disabled={disabled}
          value={value || none === undefined ? [value].filter(Boolean) : [NONE]}
          onChange={([next]) => onChange(next ?? "")}
          trigger={
            <PickTrigger aria={aria} inputRef={() => {}} onBlur={() => {}}>
              {value ? (chosen?.node ?? chosen?.label ?? value) : none}
            </PickTrigger>
          }
        />
      )}
    </FormRow>
  );
}
