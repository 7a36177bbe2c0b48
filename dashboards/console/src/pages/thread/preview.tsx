// The preview of a post while it is written. Builds elements, never HTML.
import { Fragment, type ReactNode } from "react";
import { type Block, blocks, type Inline } from "../../words/markdown";

// biome-ignore-start lint/suspicious/noArrayIndexKey: the preview is rebuilt as a whole at every key
function Inlines({ parts }: { parts: Inline[] }): ReactNode {
  return parts.map((part, index) => {
    switch (part.kind) {
      case "text":
        return <Fragment key={index}>{part.text}</Fragment>;
      case "code":
        return <code key={index}>{part.text}</code>;
      case "strong":
        return (
          <strong key={index}>
            <Inlines parts={part.parts} />
          </strong>
        );
      case "emphasis":
        return (
          <em key={index}>
            <Inlines parts={part.parts} />
          </em>
        );
      case "link":
        return (
          <a key={index} href={part.href} rel="nofollow noopener noreferrer" target="_blank">
            <Inlines parts={part.parts} />
          </a>
        );
      case "picture":
        return <img key={index} src={part.src} alt={part.alt} loading="lazy" />;
    }
    return null;
  });
}

function BlockOf({ block }: { block: Block }) {
  switch (block.kind) {
    case "paragraph":
      return (
        <p>
          <Inlines parts={block.parts} />
        </p>
      );
    case "quote":
      return (
        <blockquote>
          <Inlines parts={block.parts} />
        </blockquote>
      );
    case "heading":
      return (
        <h4>
          <Inlines parts={block.parts} />
        </h4>
      );
    case "code":
      return (
        <pre>
          <code>{block.text}</code>
        </pre>
      );
    case "list": {
      const items = block.items.map((item, index) => (
        <li key={index}>
          <Inlines parts={item} />
        </li>
      ));
      return block.ordered ? <ol>{items}</ol> : <ul>{items}</ul>;
    }
  }
}

export function Preview({ source }: { source: string }) {
  return (
    <div className="post-body">
      {blocks(source).map((block, index) => (
        <BlockOf key={index} block={block} />
      ))}
    </div>
  );
}
// biome-ignore-end lint/suspicious/noArrayIndexKey: see above
