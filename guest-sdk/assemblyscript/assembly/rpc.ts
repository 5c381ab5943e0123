/** A call of ThingsBoard's, taken apart. */
import { fail } from "./error";
import { Json } from "./json";

/** A call of ThingsBoard's: `{"method": "setRelay", "params": ...}`. */
export class RpcCall {
  constructor(
    /** What is to be done; not empty. */
    readonly method: string,
    /** With what; null if it is absent or `null`. */
    readonly params: Json | null,
  ) {}

  /**
   * The params as one text: text, numbers and booleans as they are, the elements
   * of an array with `separator` between them, and nothing if they are absent,
   * `{}` or `[]`.
   *
   * Fails, and returns "", if they are an object with entries or an array in an
   * array: which of them a device wants where is the converter's knowledge.
   */
  arguments(separator: string): string {
    const params = this.params;
    if (!params) return "";
    if (params.isArray) {
      const elements = params.elements();
      const texts: string[] = [];
      for (let i = 0; i < elements.length; i++) {
        const text = scalar(elements[i]);
        if (text === null) return "";
        texts.push(text);
      }
      return texts.join(separator);
    }
    if (params.isObject && params.entries().length == 0) return "";
    const text = scalar(params);
    return text === null ? "" : text;
  }
}

/** The call that a message carries; null for another, and after a failure. */
export function callOf(msgType: string, body: string): RpcCall | null {
  // No constant of the module: its text would be in components that never ask.
  if (msgType != "RPC_CALL_FROM_SERVER_TO_DEVICE") return null;
  const json = Json.parse(body);
  const named = json.get("method");
  const method = named ? named.string() : null;
  if (method === null) return fail<RpcCall | null>("the RPC call has no method, or one that is not text");
  if (method == "") return fail<RpcCall | null>("the RPC call's method is empty");
  const params = json.get("params");
  return new RpcCall(method, params && !params.isNull ? params : null);
}

/** Fails and returns null for what is no scalar. */
function scalar(json: Json): string | null {
  if (json.isObject || json.isArray || json.isNull) {
    return fail<string | null>(
      "the RPC call's params are text, a number or an array of such, not " + json.compact(),
    );
  }
  const text = json.string();
  return text !== null ? text : json.text;
}
