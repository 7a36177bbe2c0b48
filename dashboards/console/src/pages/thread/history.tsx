// Every text that a post had, newest change first, and what each change changed.
import { Modal } from "@mantine/core";
import { useChange } from "../../api/changes";
import { del } from "../../api/client";
import { type Revision, useEdits } from "../../api/talking";
import type { Post } from "../../api/types";
import { At } from "../../parts/clock";
import { Loaded } from "../../parts/state";
import { difference } from "./difference";

export default function History({ post, mayForget, close }: { post: Post; mayForget: boolean; close: () => void }) {
  const edits = useEdits(post.id, true);
  const forget = useChange({
    run: () => del(`/posts/${post.id}/edits`),
    touches: ["thread"],
    said: "Earlier texts are forgotten; that there were some is not.",
  });
  return (
    <Modal opened onClose={close} size="lg" title={`Edits of ${post.author.name}’s post`}>
      <Loaded query={edits} lines={5}>
        {(list) => (
          <>
            <ol className="revisions">
              {[...list].reverse().map((revision) => (
                <li key={revision.number}>
                  <p className="small">
                    <b>{revision.number === 1 ? "Written" : `Edit ${revision.number - 1}`}</b> by {revision.by.name},{" "}
                    <At at={revision.at} />
                  </p>
                  <Changed revision={revision} before={list.find((each) => each.number === revision.number - 1)} />
                </li>
              ))}
            </ol>
            {mayForget && list.some((each, index) => index < list.length - 1 && !each.forgotten) && (
              <p className="small">
                Something private in an earlier text?{" "}
                <button type="button" className="plain" disabled={forget.isPending} onClick={() => forget.mutate()}>
                  Forget earlier texts
                </button>
              </p>
            )}
          </>
        )}
      </Loaded>
    </Modal>
  );
}

function Changed({ revision, before }: { revision: Revision; before?: Revision }) {
  if (revision.forgotten) return <p className="quiet small">This text was forgotten on purpose.</p>;
  if (!before || before.forgotten) return <p className="revision">{revision.markdown}</p>;
  return (
    <p className="revision">
      {difference(before.markdown, revision.markdown).map((piece, index) => {
        const key = `${index}${piece.kind}`;
        if (piece.kind === "gone") return <del key={key}>{piece.text}</del>;
        if (piece.kind === "new") return <ins key={key}>{piece.text}</ins>;
        return <span key={key}>{piece.text}</span>;
      })}
    </p>
  );
}
