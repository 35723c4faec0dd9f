/**
 * The controls that come from @vscode/webview-ui-toolkit, and the only file that knows it: the toolkit is no longer
 * developed, so whatever replaces it is put in here.
 */
import { provideVSCodeDesignSystem, vsCodeButton, vsCodeCheckbox, vsCodeTextField } from "@vscode/webview-ui-toolkit";
import { h } from "preact";
import type { ComponentChildren, Ref, VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";

provideVSCodeDesignSystem().register(vsCodeButton(), vsCodeCheckbox(), vsCodeTextField());

export interface ButtonProps {
  readonly kind?: "primary" | "secondary";
  readonly onClick: () => void;
  readonly disabled?: boolean;
  readonly title?: string;
  readonly testid?: string;
  readonly class?: string;
  readonly children: ComponentChildren;
}

/** A button with words on it. For icons alone see IconButton in fields.tsx. */
export function Button({
  kind = "secondary",
  onClick,
  disabled = false,
  title,
  testid,
  class: className,
  children,
}: ButtonProps): VNode {
  return element(
    "vscode-button",
    {
      appearance: kind,
      disabled,
      title,
      class: className,
      "data-testid": testid,
      onClick: () => {
        if (!disabled) onClick();
      },
    },
    children,
  );
}

export function Checkbox({
  checked,
  onChange,
  disabled = false,
  title,
  testid,
  children,
}: {
  readonly checked: boolean;
  readonly disabled?: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly title?: string;
  readonly testid?: string;
  readonly children: ComponentChildren;
}): VNode {
  return element(
    "vscode-checkbox",
    {
      checked,
      disabled,
      title,
      "data-testid": testid,
      // The toolkit's checkbox also says "change" when its property is set by us: only a person's change counts.
      onChange: (event: Event) => {
        const now = (event.target as HTMLInputElement).checked;
        if (now !== checked) onChange(now);
      },
    },
    children,
  );
}

export interface TextFieldProps {
  readonly value: string;
  readonly onInput: (value: string) => void;
  /** Said to screen readers and shown as a placeholder where there is no visible label. */
  readonly label: string;
  readonly placeholder?: string;
  readonly title?: string;
  readonly testid?: string;
  readonly class?: string;
  readonly icon?: string;
  readonly onKeyDown?: (event: KeyboardEvent) => void;
  readonly focusRef?: Ref<HTMLElement>;
}

export function TextField({
  value,
  onInput,
  label,
  placeholder,
  title,
  testid,
  class: className,
  icon,
  onKeyDown,
  focusRef,
}: TextFieldProps): VNode {
  const field = useRef<HTMLElement>(null);
  // The toolkit calls every field "Text field" when it is put into the page: the real name has to come after that.
  useEffect(() => field.current?.setAttribute("aria-label", label), [label]);
  return element(
    "vscode-text-field",
    {
      value,
      placeholder,
      title,
      class: className,
      "data-testid": testid,
      onKeyDown,
      ref: (node: HTMLElement | null) => {
        field.current = node;
        if (typeof focusRef === "function") focusRef(node);
        else if (focusRef) focusRef.current = node;
      },
      onInput: (event: Event) => onInput((event.target as HTMLInputElement).value),
    },
    icon ? <span slot="start" class={`codicon codicon-${icon}`} aria-hidden="true" /> : null,
  );
}

/**
 * One of the toolkit's elements. They are not in Preact's table of elements, so their properties are not checked here.
 */
function element(tag: string, properties: object, children: ComponentChildren): VNode {
  return h(tag, properties, children);
}
