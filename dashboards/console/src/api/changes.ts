// One way to change something: call, refresh what it touched, say what happened.
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { become } from "../session";
import { asProblem, whatToDo } from "./problem";

interface Change<V, R> {
  run: (value: V) => Promise<R>;
  /** First parts of the query keys to refresh. */
  touches: string[];
  /** Said when it worked; empty says nothing. */
  said?: string;
  after?: (result: R) => void;
}

export function useChange<V = void, R = unknown>({ run, touches, said, after }: Change<V, R>) {
  const client = useQueryClient();
  return useMutation<R, Error, V>({
    mutationFn: run,
    onSuccess: async (result) => {
      await Promise.all(touches.map((noun) => client.invalidateQueries({ queryKey: [noun] })));
      if (said) notifications.show({ message: said });
      after?.(result);
    },
    onError: (error) => {
      const problem = asProblem(error);
      if (problem.status === 401) become(client, null);
      notifications.show({
        color: "red",
        title: problem.title || "That did not work",
        message: `${problem.detail} ${whatToDo(problem)}`,
        autoClose: 12_000,
      });
    },
  });
}
