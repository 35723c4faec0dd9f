// Types of what tests use of manifest.mjs.
interface Listed {
  readonly id: string;
  readonly command: string;
  readonly group: string;
}
interface Format {
  readonly extensions: readonly string[];
}
export function contributions(
  techniques: readonly Listed[],
  formats: readonly Format[],
): {
  readonly commands: readonly { readonly command: string; readonly title: string }[];
  readonly walkthroughs: readonly {
    readonly steps: readonly {
      readonly id: string;
      readonly description: string;
      readonly media: { readonly svg: string; readonly altText: string };
      readonly completionEvents: readonly string[];
    }[];
  }[];
  readonly customEditors: readonly { readonly selector: readonly { readonly filenamePattern: string }[] }[];
  readonly menus: Readonly<Record<string, readonly { readonly when?: string }[]>>;
};
export function readFormats(): Promise<readonly Format[]>;
export function readCatalogue(): Promise<readonly Listed[]>;
export function outOfStep(): Promise<string[]>;
