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
}
