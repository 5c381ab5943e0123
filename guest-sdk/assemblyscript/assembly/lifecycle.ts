/** What the exports of `lifecycle` are given; they return what `decode` does. */
import { begin } from "./arena";
import { Context } from "./context";

export { result } from "./uplink";

/** Begins a call for which the host hands over nothing. */
export function called(): Context {
  begin();
  return new Context();
}
