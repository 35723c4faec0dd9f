import * as vscode from "vscode";
import { Link } from "../protocol/link.ts";
import type { Handlers, Methods } from "../protocol/link.ts";
import type { ChangeReason, SessionView } from "../protocol/session.ts";
import { Disposable } from "./disposable.ts";
import { webviewPage } from "./html.ts";
import type { Services } from "./services.ts";
import { webviewWire } from "./webview-wire.ts";

/**
 * The extension's side of one webview, whether a panel's or an editor's. The page in it comes and goes as its tab is
 * hidden and shown; this stays until the tab is closed. A subclass has the state, gives `boot` and its handlers, and
 * calls `open` at the end of its constructor.
 */
export abstract class WebviewSession<Host extends Methods<Host> & Bootable> extends Disposable {
  private link: Link<Host, SessionView> | undefined;
  /** The page that is shown has been told everything up to now. */
  private loaded = false;
  /** The tab was closed: VS Code then throws at whoever asks for its title, or whether it is visible. */
  private gone = false;
  /** How often something changed that a page is drawn from. */
  private changes = 0;
  private closed = false;

  constructor(
    protected readonly services: Services,
    readonly panel: vscode.WebviewPanel,
  ) {
    super();
    this.register(services.engine.hold());
    this.register(vscode.workspace.onDidGrantWorkspaceTrust(() => void this.notifyWebview("trusted")));
    // A hidden page is gone, and asks anew when it is shown.
    this.register(
      panel.onDidChangeViewState(() => {
        if (!panel.visible) this.loaded = false;
      }),
    );
    this.register(
      panel.onDidDispose(() => {
        this.closed = true;
        this.dispose();
      }),
    );
    this.register({ dispose: () => (this.gone = true) });
  }

  /** Whether it has the focus. A panel that was closed does not even say that, and others ask while it is closing. */
  get isActive(): boolean {
    return !this.closed && this.panel.active;
  }

  /** All that the page needs to draw. */
  protected abstract boot(): Promise<ReturnType<Host["ready"]>>;

  /** Loads dist/webview/NAME.js and its style sheet. `title` is shown until the page has drawn. */
  protected open(name: string, title: string, handlers: Omit<Handlers<Host>, "ready">): void {
    const { webview } = this.panel;
    const bundle = vscode.Uri.joinPath(this.services.context.extensionUri, "dist", "webview");
    const uriOf = (file: string): string => String(webview.asWebviewUri(vscode.Uri.joinPath(bundle, file)));
    const all = { ...handlers, ready: () => this.ready() } as Handlers<Host>;
    const link = (this.link = new Link<Host, SessionView>(webviewWire(webview), all));
    // Closing the link cancels what runs for the page.
    this.register({ dispose: () => link.close("The tab was closed.") });
    webview.options = { enableScripts: true, localResourceRoots: [bundle] };
    webview.html = webviewPage({
      cspSource: webview.cspSource,
      title,
      script: uriOf(`${name}.js`),
      style: uriOf(`${name}.css`),
    });
  }

  /** Tells the page, while there is one that listens; others ask when they are ready. */
  protected async notifyWebview(reason: ChangeReason): Promise<void> {
    this.changes++;
    if (this.gone || !this.loaded || !this.panel.visible) return;
    try {
      await this.link?.call("changed", { reason });
    } catch (error) {
      // A page that was closed or hidden meanwhile has nothing to be told.
      if (this.gone) return;
      this.services.log.warn(`${this.panel.title}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** What the tab is called from now on, and its icon where it has another. */
  protected entitle(title: string, icon?: TabIcon): void {
    if (this.gone) return;
    this.panel.title = title;
    if (icon) this.panel.iconPath = icon;
  }

  private async ready(): Promise<ReturnType<Host["ready"]>> {
    for (;;) {
      const { changes } = this;
      const boot = await this.boot();
      // What changed meanwhile is part of what the page begins with.
      if (changes !== this.changes) continue;
      this.loaded = !this.gone && this.panel.visible;
      return boot;
    }
  }
}

interface Bootable {
  ready(request: Record<string, never>): unknown;
}

interface TabIcon {
  readonly light: vscode.Uri;
  readonly dark: vscode.Uri;
}

/** The icon of our own tabs; editors have their files'. */
export function loupeIcon(services: Services): TabIcon {
  return tabIcon(services, "loupe");
}

/** The icon of a tab that keeps what it shows. */
export function pinnedIcon(services: Services): TabIcon {
  return tabIcon(services, "pinned");
}

function tabIcon({ context }: Services, icon: string): TabIcon {
  const file = (name: string): vscode.Uri => vscode.Uri.joinPath(context.extensionUri, "media", name);
  return { light: file(`${icon}-light.svg`), dark: file(`${icon}-dark.svg`) };
}
