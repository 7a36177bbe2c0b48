// How wide a chart may be, measured from its place on the page.
import { useElementSize } from "@mantine/hooks";

/** Drawn before the first measurement. */
const FIRST_GUESS = 640;

export function useWidth<T extends HTMLElement>() {
  const { ref, width } = useElementSize<T>();
  return { ref, width: width > 0 ? width : FIRST_GUESS };
}
