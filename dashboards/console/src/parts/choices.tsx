// A few choices, each with its meaning in sight: radio buttons that explain themselves.
import { useId } from "react";

interface ChoicesProps<T extends string> {
  legend: string;
  value: T | "";
  choose: (value: T) => void;
  choices: { value: T; word: string; meaning: string }[];
}

export function Choices<T extends string>({ legend, value, choose, choices }: ChoicesProps<T>) {
  const name = useId();
  return (
    <fieldset className="choices">
      <legend>{legend}</legend>
      {choices.map((choice) => (
        <label key={choice.value} className="choice">
          <input
            type="radio"
            name={name}
            value={choice.value}
            checked={value === choice.value}
            onChange={() => choose(choice.value)}
          />
          <b>{choice.word}</b>
          <small>{choice.meaning}</small>
        </label>
      ))}
    </fieldset>
  );
}
