// Types of what tests use of manifest.mjs.
interface Listed {
  readonly id: string;
  readonly command: string;
  readonly group: string;
}
export function contributions(techniques: readonly Listed[]): {
  readonly commands: readonly { readonly command: string; readonly title: string }[];
};
export function readCatalogue(): Promise<readonly Listed[]>;
export function outOfStep(): Promise<string[]>;
