/** The kit: the only place that imports Base UI for everyday parts. */
export { clsx as cx } from "clsx";
export { Button, type ButtonProps, buttonClass, Keys } from "./Button";
export { Checkbox, type FieldAria, FormRow, Switch, TextInput } from "./Controls";
export { Avatar, Empty, Notice, Person, ScrollRegion, Skeleton, Tag, Thing } from "./Marks";
export { DropMenu, type MenuEntry } from "./Menu";
export { Modal } from "./Modal";
export { Picker, type PickerProps, type PickItem } from "./Picker";
export { TabBar, type TabItem } from "./TabBar";
export { Tip } from "./Tip";
export { notify, Providers, toasts, whenLinkIsFollowed } from "./Toaster";
