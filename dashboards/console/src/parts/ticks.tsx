// Several things that can be switched on, each a native checkbox with its words.
import type { ReactNode } from "react";

interface TicksProps {
  legend: string;
  items: { value: string; word: ReactNode; meaning?: ReactNode }[];
  chosen: string[];
  /** All that are chosen now, in the order of the items. */
  choose: (chosen: string[]) => void;
}

export function Ticks({ legend, items, chosen, choose }: TicksProps) {
  const toggle = (value: string, on: boolean) =>
    choose(items.map((item) => item.value).filter((each) => (each === value ? on : chosen.includes(each))));
  return (
    <fieldset className="ticks">
      <legend>{legend}</legend>
      {items.map((item) => (
        <label key={item.value} className="tick">
          <input
            type="checkbox"
            checked={chosen.includes(item.value)}
            onChange={(event) => toggle(item.value, event.currentTarget.checked)}
          />
          <span>{item.word}</span>
          {item.meaning && <small>{item.meaning}</small>}
        </label>
      ))}
    </fieldset>
  );
}
