import type * as vscode from "vscode";
import { isMethod, readQuickMethods, withUsed, type QuickMethods } from "../protocol/quick-methods.ts";
import type { TechniqueInfo } from "../protocol/technique.ts";

const key = "quickMethods";

/** The methods that all pages offer as buttons: a person's own, over all workspaces. */
export class QuickMethodStore {
  constructor(
    private readonly context: Pick<vscode.ExtensionContext, "globalState">,
    private readonly techniques: readonly TechniqueInfo[],
  ) {}

  get current(): QuickMethods {
    return readQuickMethods(this.context.globalState.get<unknown>(key), this.techniques);
  }

  /** Another method is shown; a check is none. */
  async use(info: TechniqueInfo): Promise<void> {
    if (isMethod(info)) await this.change((methods) => withUsed(methods, info.id));
  }

  async change(change: (methods: QuickMethods) => QuickMethods): Promise<void> {
    await this.context.globalState.update(key, change(this.current));
  }
}
