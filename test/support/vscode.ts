/** As much of VS Code's module as the extension's tabs need, for tests without VS Code. */
class Emitter<T> {
  private readonly listeners = new Set<(event: T) => void>();
  readonly event = (listener: (event: T) => void): { dispose(): void } => {
    this.listeners.add(listener);
    return { dispose: () => this.listeners.delete(listener) };
  };
  fire(event: T): void {
    for (const listener of [...this.listeners]) listener(event);
  }
  /** How many listen: none once all that listened was disposed. */
  get count(): number {
    return this.listeners.size;
  }
}

export class FakeUri {
  constructor(readonly path: string) {}
  toString(): string {
    return `file://${this.path}`;
  }
}

export const Uri = {
  joinPath: (base: FakeUri, ...parts: string[]): FakeUri => new FakeUri([base.path, ...parts].join("/")),
};

export enum ViewColumn {
  Active = -1,
  Beside = -2,
}

/** What is posted to its page, and what its page posts; gone, it refuses everything as VS Code's does. */
export class FakePanel {
  readonly posted: unknown[] = [];
  readonly received = new Emitter<unknown>();
  readonly viewState = new Emitter<void>();
  readonly disposed = new Emitter<void>();
  private isVisible = true;
  private gone = false;

  readonly onDidChangeViewState = this.viewState.event;
  readonly onDidDispose = this.disposed.event;
  readonly webview = {
    html: "",
    options: {},
    cspSource: "vscode-webview:",
    asWebviewUri: (uri: FakeUri) => uri,
    onDidReceiveMessage: this.received.event,
    postMessage: (message: unknown) => {
      this.refuseGone();
      this.posted.push(message);
      return Promise.resolve(true);
    },
  };

  constructor(readonly title = "Tab") {}

  get visible(): boolean {
    this.refuseGone();
    return this.isVisible;
  }

  show(visible: boolean): void {
    this.isVisible = visible;
    this.viewState.fire();
  }

  dispose(): void {
    this.gone = true;
    this.disposed.fire();
  }

  private refuseGone(): void {
    if (this.gone) throw new Error("Webview is disposed");
  }
}

export const trusted = new Emitter<void>();
export const workspace = { onDidGrantWorkspaceTrust: trusted.event };

/** Serializers by view type. */
export const serializers = new Map<string, unknown>();
export const window = {
  registerWebviewPanelSerializer(viewType: string, serializer: unknown): { dispose(): void } {
    serializers.set(viewType, serializer);
    return { dispose: () => serializers.delete(viewType) };
  },
  createWebviewPanel: (_: string, title: string) => new FakePanel(title),
};
