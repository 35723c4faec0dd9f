/** As much of VS Code's module as the extension's tabs and trees need, for tests without VS Code. */
class Emitter<T> {
  private readonly listeners = new Set<(event: T) => void>();
  readonly event = (listener: (event: T) => void): { dispose(): void } => {
    this.listeners.add(listener);
    return { dispose: () => this.listeners.delete(listener) };
  };
  fire(event: T): void {
    for (const listener of [...this.listeners]) listener(event);
  }
  dispose(): void {
    this.listeners.clear();
  }
  /** How many listen: none once all that listened was disposed. */
  get count(): number {
    return this.listeners.size;
  }
}

export { Emitter as EventEmitter };

export class FakeUri {
  constructor(
    readonly path: string,
    readonly scheme = "file",
    readonly fragment = "",
  ) {}
  get fsPath(): string {
    return this.path;
  }
  with({ fragment = this.fragment }: { readonly fragment?: string }): FakeUri {
    return new FakeUri(this.path, this.scheme, fragment);
  }
  toString(): string {
    return `${this.scheme}://${this.path}${this.fragment && `#${this.fragment}`}`;
  }
}

export const Uri = {
  /** Parts beginning with ".." go up, as VS Code's do. */
  joinPath: (base: FakeUri, ...parts: string[]): FakeUri =>
    parts.includes("..")
      ? new FakeUri(base.path.replace(/\/[^/]*$/, ""), base.scheme)
      : new FakeUri([base.path, ...parts].join("/"), base.scheme),
  file: (path: string): FakeUri => new FakeUri(path),
  parse: (text: string): FakeUri => {
    const [, scheme, path, fragment] = /^([a-z-]+):(?:\/\/)?([^#]*)#?(.*)$/.exec(text) ?? [];
    return new FakeUri(path, scheme, fragment);
  },
};

export class Disposable {
  constructor(private readonly callOnDispose: () => void) {}
  static from(...all: readonly { dispose(): unknown }[]): Disposable {
    return new Disposable(() => all.forEach((one) => one.dispose()));
  }
  dispose(): void {
    this.callOnDispose();
  }
}

export class ThemeColor {
  constructor(readonly id: string) {}
}

export class ThemeIcon {
  static readonly File = new ThemeIcon("file");
  constructor(
    readonly id: string,
    readonly color?: ThemeColor,
  ) {}
}

export enum TreeItemCollapsibleState {
  None,
  Collapsed,
  Expanded,
}

export class TreeItem {
  constructor(
    readonly label: string,
    readonly collapsibleState: TreeItemCollapsibleState,
  ) {}
}

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

  private words: string;
  private picture: unknown;

  constructor(title = "Tab") {
    this.words = title;
  }

  get title(): string {
    this.refuseGone();
    return this.words;
  }

  set title(title: string) {
    this.refuseGone();
    this.words = title;
  }

  get iconPath(): unknown {
    this.refuseGone();
    return this.picture;
  }

  set iconPath(path: unknown) {
    this.refuseGone();
    this.picture = path;
  }

  get visible(): boolean {
    this.refuseGone();
    return this.isVisible;
  }

  get active(): boolean {
    return this.visible;
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
/** The workspace's files, as findFiles finds them, and how often it was asked. */
export const files = { found: [] as FakeUri[], searches: 0 };
/** What happens to files that are watched. */
export const fileEvents = {
  created: new Emitter<FakeUri>(),
  deleted: new Emitter<FakeUri>(),
  changed: new Emitter<FakeUri>(),
};
export const folders = new Emitter<void>();
export const workspace = {
  onDidGrantWorkspaceTrust: trusted.event,
  onDidChangeWorkspaceFolders: folders.event,
  isTrusted: true,
  workspaceFolders: [{ name: "workspace", uri: new FakeUri("/workspace") }],
  getWorkspaceFolder: (uri: FakeUri) =>
    uri.path.startsWith("/workspace") ? { name: "workspace", uri: new FakeUri("/workspace") } : undefined,
  findFiles: (_include: string, _exclude: string, limit: number): Promise<FakeUri[]> => {
    files.searches++;
    return Promise.resolve(files.found.slice(0, limit));
  },
  createFileSystemWatcher: () => ({
    onDidCreate: fileEvents.created.event,
    onDidDelete: fileEvents.deleted.event,
    onDidChange: fileEvents.changed.event,
    dispose: () => undefined,
  }),
};

/** Commands that were executed, with their arguments. */
export const executed: [string, ...unknown[]][] = [];
export const commands = {
  executeCommand: (command: string, ...args: unknown[]): Promise<void> => {
    executed.push([command, ...args]);
    return Promise.resolve();
  },
};

/** Serializers by view type. */
export const serializers = new Map<string, unknown>();
export const window = {
  registerWebviewPanelSerializer(viewType: string, serializer: unknown): { dispose(): void } {
    serializers.set(viewType, serializer);
    return { dispose: () => serializers.delete(viewType) };
  },
  createWebviewPanel: (_: string, title: string) => new FakePanel(title),
};
