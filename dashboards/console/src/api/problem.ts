// What went wrong, in the collector's own words (RFC 9457), plus what the reader can do about it.
// Invariant: every failure of a call is one of these; pages never look at raw responses.
import type { ProblemBody } from "./types";

/** Status of a call that never got an answer. */
export const NO_ANSWER = 0;

export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly requestId: string;

  constructor(body: Partial<ProblemBody> & { status: number }) {
    super(body.detail || body.title || `status ${body.status}`);
    this.name = "Problem";
    this.status = body.status;
    this.code = body.code ?? "";
    this.title = body.title ?? "";
    this.detail = body.detail ?? "";
    this.requestId = body.request_id ?? "";
  }
}

/** Reads an error answer; a proxy's HTML page or an empty body still becomes a Problem. */
export async function problemOf(response: Response): Promise<Problem> {
  try {
    const body = (await response.json()) as Partial<ProblemBody>;
    return new Problem({ ...body, status: response.status });
  } catch {
    return new Problem({ status: response.status, title: response.statusText });
  }
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem({ status: NO_ANSWER, title: "The console stumbled", detail: String(error) });
}

/** One sentence: what to do now. */
export function whatToDo(problem: Problem): string {
  switch (problem.status) {
    case NO_ANSWER:
      return "Check that the collector is running and that this computer reaches it, then try again.";
    case 401:
      return "Sign in again; your session has ended.";
    case 403:
      return "Ask an administrator if you need this for your work; what your role may see is decided in one place.";
    case 404:
      return "It may have been removed, or the address is not complete. Go back to the list.";
    case 409:
    case 412:
      return "Somebody changed it at the same time. Load it again and repeat your change.";
    case 429:
      return "Too many requests. Wait a minute, then try again.";
    default:
      return problem.status >= 500
        ? "Try again in a moment. If it stays, give IT the request number below."
        : "Correct what the message names, then try again.";
  }
}
