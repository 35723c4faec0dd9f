// Types of what tests use of machine.mjs.
export function prepareMachine(wanted: {
  readonly browser?: boolean;
  readonly server?: boolean;
  readonly debootstrap?: boolean;
}): Promise<void>;
export function findBrowser(): string | undefined;
