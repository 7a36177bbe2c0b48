// Which app of a list a sentence speaks of. Pure; the longest name wins, so that "OneDrive for Business" is not "OneDrive".

interface Known {
  app: string;
  name: string;
}

const isLetter = (c: string | undefined) => c !== undefined && /[\p{L}\p{N}]/u.test(c);

export function appNamed(sentence: string, apps: Known[]): string {
  const text = sentence.toLowerCase();
  const found = apps.filter(({ name, app }) => [name, app].some((word) => stands(text, word.toLowerCase())));
  return found.sort((a, b) => b.name.length - a.name.length)[0]?.app ?? "";
}

/** As a word of its own, anywhere in the text. */
function stands(text: string, word: string): boolean {
  if (!word) return false;
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (!isLetter(text[at - 1]) && !isLetter(text[at + word.length])) return true;
  }
  return false;
}
