/** The operations that show what becomes of objects that outlive their call. */
import { Entity } from "tb-converter";

class Holder {
  text: string = numbered(0);
}

const texts: string[] = [];
const numbers: i32[] = [];
const byName = new Map<string, string>();
const holder = new Holder();
let last = numbered(0);
let lasts = 0;

/**
 * `objects N`: leaves N texts in objects that are older than the call.
 * `variable N`: leaves the last of N texts in a global variable.
 *
 * All are known by their numbers. Says whether what earlier calls left there is
 * what it was.
 */
export function keep(entity: Entity, argument: string): Entity {
  const intact = isIntact();
  const words = argument.split(" ");
  const count = <i32>parseInt(words[1]);
  for (let i = 0; i < count; i++) {
    if (words[0] == "variable") {
      last = numbered(++lasts);
      continue;
    }
    const text = numbered(texts.length);
    byName.set(text, text + "!");
    texts.push(text);
    numbers.push(numbers.length);
    holder.text = numbered(texts.length);
  }
  return entity.attribute("intact", intact && isIntact());
}

function isIntact(): bool {
  const count = texts.length;
  if (last != numbered(lasts) || holder.text != numbered(count)) return false;
  if (numbers.length != count || byName.size != count) return false;
  for (let i = 0; i < count; i++) {
    const text = numbered(i);
    if (texts[i] != text || numbers[i] != i || !byName.has(text) || byName.get(text) != text + "!") return false;
  }
  return true;
}

function numbered(number: i32): string {
  return "text " + number.toString();
}
