// Empty, loading, failed: the three states every list and page can be in besides having something to show.
import { Button, Skeleton } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { asProblem, whatToDo } from "../api/problem";

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="state">
      <p className="state-title">{title}</p>
      {children && <p>{children}</p>}
    </div>
  );
}

export function Loading({ lines = 4, label = "Loading" }: { lines?: number; label?: string }) {
  return (
    <div role="status" aria-label={label}>
      {Array.from({ length: lines }, (_, index) => (
        <Skeleton
          // biome-ignore lint/suspicious/noArrayIndexKey: placeholders have no identity
          key={index}
          height={index === 0 ? 26 : 16}
          width={`${92 - ((index * 17) % 40)}%`}
          mb={14}
          radius={2}
        />
      ))}
    </div>
  );
}

export function Failure({ error, again }: { error: unknown; again?: () => void }) {
  const problem = asProblem(error);
  return (
    <div className="state boxed failed" role="alert">
      <p className="state-title">{problem.title || "That did not work"}</p>
      {problem.detail && <p>{problem.detail}</p>}
      <p>{whatToDo(problem)}</p>
      {problem.requestId && <p className="small quiet">Request number {problem.requestId}</p>}
      {again && problem.status !== 403 && problem.status !== 404 && (
        <div className="actions">
          <Button variant="default" size="xs" onClick={again}>
            Try again
          </Button>
        </div>
      )}
    </div>
  );
}

interface LoadedProps<T> {
  query: Pick<UseQueryResult<T>, "data" | "error" | "isPending" | "refetch">;
  lines?: number;
  children: (data: T) => ReactNode;
}

/** Shows what was loaded, or its state. Old data stays while new data fails, with the failure above it. */
export function Loaded<T>({ query, lines, children }: LoadedProps<T>) {
  if (query.data !== undefined) {
    return (
      <>
        {query.error && <Failure error={query.error} again={() => query.refetch()} />}
        {children(query.data)}
      </>
    );
  }
  if (query.error) return <Failure error={query.error} again={() => query.refetch()} />;
  return <Loading lines={lines} />;
}

interface MoreProps {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
  shown: number;
  noun: string;
}

export function More({ hasNextPage, isFetchingNextPage, fetchNextPage, shown, noun }: MoreProps) {
  return (
    <div className="row" style={{ marginTop: 16 }}>
      {hasNextPage && (
        <Button variant="default" size="xs" loading={isFetchingNextPage} onClick={() => fetchNextPage()}>
          Show more
        </Button>
      )}
      <span className="small quiet" role="status">
        {shown} {noun} shown{hasNextPage ? "" : ", that is all"}
      </span>
    </div>
  );
}
