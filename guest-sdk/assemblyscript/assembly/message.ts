import { callOf, RpcCall } from "./rpc";

/** A message of ThingsBoard for a device. */
export class Message {
  constructor(
    /**
     * The body, JSON text: of `ATTRIBUTES_UPDATED` an object of keys and
     * values, of `RPC_CALL_FROM_SERVER_TO_DEVICE` an object with `method` and
     * `params`.
     */
    readonly body: string,
    /**
     * ThingsBoard's message type, such as `ATTRIBUTES_UPDATED` or
     * `RPC_CALL_FROM_SERVER_TO_DEVICE`.
     */
    readonly msgType: string,
  ) {}

  /**
   * The call that this message carries; null if it is another message.
   *
   * ```ts
   * const call = message.rpcCall();
   * if (!call) return fail<Uint8Array[]>("cannot send " + message.msgType);
   * return [bytes(call.method + " " + call.arguments(" "))];
   * ```
   *
   * Fails, and returns null, if the body is no JSON, or has no method that is
   * text.
   */
  rpcCall(): RpcCall | null {
    return callOf(this.msgType, this.body);
  }
}
