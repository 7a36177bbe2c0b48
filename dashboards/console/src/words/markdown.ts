// A small reading of Markdown for the preview while typing: blocks and inlines as data, never as HTML.
// The collector renders the real thing (and sanitises it); this only has to be close, safe and quick.
export type Inline =
  | { kind: "text"; text: string }
  | { kind: "code"; text: string }
  | { kind: "strong" | "emphasis"; parts: Inline[] }
  | { kind: "link"; href: string; parts: Inline[] }
  /** An attachment that is shown in the page. */
  | { kind: "picture"; src: string; alt: string };

export type Block =
  | { kind: "paragraph" | "quote"; parts: Inline[] }
  | { kind: "heading"; level: number; parts: Inline[] }
  | { kind: "code"; text: string }
  | { kind: "list"; ordered: boolean; items: Inline[][] };

/** Deeper nesting than this stays plain text. */
const MAX_DEPTH = 8;
const INLINE =
  /(`+)([\s\S]*?[^`])\1(?!`)|\*\*([^\s*][\s\S]*?)\*\*|\*([^\s*][^*]*?)\*|_([^\s_][^_]*?)_|!?\[([^\]\n]{1,500})\]\(([^)\s]{1,2000})\)|(https?:\/\/[^\s<>()]{1,2000})/;

const FILE = /^attachment:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** Where a file of a post is read; null: the address names no file. */
export function fileOf(href: string): string | null {
  const id = FILE.exec(href)?.[1];
  return id ? `/api/v1/attachments/${id}` : null;
}

/** Only these schemes become links; the rest is shown as it was typed. */
export function safeHref(href: string): string | null {
  try {
    const url = new URL(href, "https://relative.invalid/");
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? href : null;
  } catch {
    return null;
  }
}

export function inlines(source: string, depth = 0): Inline[] {
  const parts: Inline[] = [];
  let rest = source;
  while (rest !== "") {
    const match = depth < MAX_DEPTH ? INLINE.exec(rest) : null;
    if (!match) {
      parts.push({ kind: "text", text: rest });
      break;
    }
    if (match.index > 0) parts.push({ kind: "text", text: rest.slice(0, match.index) });
    const [whole, , code, strong, star, under, label, href, bare] = match;
    if (code !== undefined) parts.push({ kind: "code", text: code.trim() });
    else if (strong !== undefined) parts.push({ kind: "strong", parts: inlines(strong, depth + 1) });
    else if (star !== undefined || under !== undefined)
      parts.push({ kind: "emphasis", parts: inlines(star ?? under ?? "", depth + 1) });
    else if (label !== undefined && href !== undefined) {
      const file = fileOf(href);
      const safe = file ?? safeHref(href);
      // Pictures from elsewhere are links: nothing in a post makes the reader's browser load anything.
      if (file && whole.startsWith("!")) parts.push({ kind: "picture", src: file, alt: label });
      else if (safe) parts.push({ kind: "link", href: safe, parts: inlines(label, depth + 1) });
      else parts.push({ kind: "text", text: whole });
    } else if (bare !== undefined) parts.push({ kind: "link", href: bare, parts: [{ kind: "text", text: bare }] });
    rest = rest.slice(match.index + whole.length);
  }
  return parts;
}

export function blocks(source: string): Block[] {
  const lines = source.replaceAll("\r\n", "\n").split("\n");
  const out: Block[] = [];
  let at = 0;
  const take = (test: (line: string) => boolean) => {
    const taken: string[] = [];
    for (let line = lines[at]; line !== undefined && test(line); line = lines[at]) {
      taken.push(line);
      at += 1;
    }
    return taken;
  };
  while (at < lines.length) {
    const line = lines[at] ?? "";
    const heading = /^(#{1,6})\s+(.*)$/.exec(line);
    if (line.trim() === "") at += 1;
    else if (line.startsWith("```")) {
      at += 1;
      const text = take((each) => !each.startsWith("```")).join("\n");
      at += 1;
      out.push({ kind: "code", text });
    } else if (heading) {
      at += 1;
      out.push({ kind: "heading", level: heading[1]?.length ?? 1, parts: inlines(heading[2] ?? "") });
    } else if (/^>\s?/.test(line)) {
      const text = take((each) => /^>\s?/.test(each)).map((each) => each.replace(/^>\s?/, ""));
      out.push({ kind: "quote", parts: inlines(text.join("\n")) });
    } else if (/^\s*([-*+]|\d+[.)])\s+/.test(line)) {
      const ordered = /^\s*\d/.test(line);
      const items = take((each) => /^\s*([-*+]|\d+[.)])\s+/.test(each));
      out.push({
        kind: "list",
        ordered,
        items: items.map((each) => inlines(each.replace(/^\s*([-*+]|\d+[.)])\s+/, ""))),
      });
    } else {
      const text = take((each) => each.trim() !== "" && !/^(#{1,6}\s|```|>|\s*([-*+]|\d+[.)])\s)/.test(each));
      // A line that no rule took would loop for ever.
      if (text.length === 0) {
        text.push(line);
        at += 1;
      }
      out.push({ kind: "paragraph", parts: inlines(text.join("\n")) });
    }
  }
  return out;
}
