import { randomBytes } from "node:crypto";

export interface Page {
  /** Webview.cspSource. */
  readonly cspSource: string;
  /** Webview URIs of the bundle. */
  readonly script: string;
  readonly style: string;
  /** Shown until the script has drawn: the file's name, so that there is something to see at once. */
  readonly title: string;
}

/** A page that loads one webview bundle into #app, under a policy that lets nothing else in. */
export function webviewPage({ cspSource, script, style, title }: Page): string {
  const nonce = randomBytes(18).toString("base64");
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy(cspSource, nonce)}">
<title>${escapeHtml(title)}</title>
<link rel="stylesheet" href="${escapeHtml(style)}">
</head>
<body>
<div id="app"><main><h1 class="skeleton" style="padding: 4px 12px; font-size: 1.2em; font-weight: normal">${escapeHtml(title)}</h1></main></div>
<script nonce="${nonce}" src="${escapeHtml(script)}"></script>
</body>
</html>`;
}

/** A page of words alone: a heading, paragraphs, links to commands. No script runs in it. */
export function messagePage(
  cspSource: string,
  title: string,
  paragraphs: readonly string[],
  links: readonly CommandLink[] = [],
): string {
  const anchors = links
    .map(({ text, command }) => `<a href="command:${escapeHtml(command)}">${escapeHtml(text)}</a>`)
    .join(" &nbsp; ");
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src ${cspSource} 'unsafe-inline';">
<title>${escapeHtml(title)}</title>
<style>body { padding: 8px 20px; line-height: 1.5; max-width: 46em; } h1 { font-size: 1.25em; font-weight: 600; }
p { color: var(--vscode-descriptionForeground); } a { color: var(--vscode-textLink-foreground); }</style>
</head>
<body><main>
<h1>${escapeHtml(title)}</h1>
${paragraphs.map((text) => `<p>${escapeHtml(text)}</p>`).join("\n")}
${anchors ? `<p>${anchors}</p>` : ""}
</main></body>
</html>`;
}

export interface CommandLink {
  readonly text: string;
  /** A command's id, with its arguments as VS Code's command links have them (encoded JSON). */
  readonly command: string;
}

function policy(cspSource: string, nonce: string): string {
  return [
    "default-src 'none'",
    `img-src ${cspSource} data: blob:`,
    `font-src ${cspSource}`,
    `style-src ${cspSource} 'unsafe-inline'`,
    `script-src 'nonce-${nonce}'`,
  ].join("; ");
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
