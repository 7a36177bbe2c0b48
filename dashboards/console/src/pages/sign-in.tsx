// Sign-in. The address stays as it was, so that after signing in people are where they wanted to be.
import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect } from "react";
import { post } from "../api/client";
import { Problem, whatToDo } from "../api/problem";
import type { Me } from "../api/types";
import { Cloth, Logo } from "../parts/weave";
import { become } from "../session";

export function SignIn() {
  const client = useQueryClient();
  useEffect(() => {
    document.title = "Sign in · Weft";
  }, []);
  const signIn = useMutation({
    mutationFn: (form: { login: string; password: string }) => post<Me>("/session", form),
    onSuccess: (me) => become(client, me),
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    signIn.mutate({ login: String(form.get("login") ?? "").trim(), password: String(form.get("password") ?? "") });
  };
  return (
    <div className="signin">
      <main className="signin-form">
        <span className="wordmark">
          <Logo size={34} />
          Weft
        </span>
        <h1>Sign in</h1>
        <p>What devices show, beside what people say.</p>
        <form onSubmit={submit}>
          <TextInput
            label="Login"
            name="login"
            autoComplete="username"
            autoCapitalize="none"
            size="md"
            required
            withAsterisk={false}
            autoFocus
          />
          <PasswordInput
            label="Password"
            name="password"
            autoComplete="current-password"
            size="md"
            required
            withAsterisk={false}
            visibilityToggleButtonProps={{ "aria-label": "Show what was typed" }}
          />
          {signIn.error && (
            <p role="alert" style={{ color: "var(--madder)" }}>
              {message(signIn.error)}
            </p>
          )}
          <Button type="submit" size="md" fullWidth loading={signIn.isPending}>
            Sign in
          </Button>
        </form>
      </main>
      <aside className="signin-cloth" aria-hidden="true">
        <Cloth />
      </aside>
    </div>
  );
}

function message(error: Error): string {
  if (!(error instanceof Problem)) return String(error);
  if (error.status === 401) return error.detail || "Login or password is wrong.";
  return `${error.detail || error.title} ${whatToDo(error)}`;
}
