/** Which of ThingsBoard's types a value has, numbered as in the contract. */
export enum ValueKind {
  Boolean,
  Long,
  Double,
  Text,
  Json,
}

/** A value with ThingsBoard's type. The host keeps the type. */
export class Value {
  private constructor(
    /** Which of the fields below holds the value. */
    readonly kind: ValueKind,
    /** Of a long; of a boolean 1 or 0. */
    readonly integer: i64,
    /** Of a double. */
    readonly number: f64,
    /** Of text and JSON. */
    readonly text: string,
  ) {}

  /** `true` or `false`. */
  static boolean(value: bool): Value {
    return new Value(ValueKind.Boolean, value ? 1 : 0, 0, "");
  }

  /** A 64-bit integer. */
  static long(value: i64): Value {
    return new Value(ValueKind.Long, value, 0, "");
  }

  /** A floating-point number. The host refuses NaN and the infinities. */
  static double(value: f64): Value {
    return new Value(ValueKind.Double, 0, value, "");
  }

  /** Text. */
  static text(value: string): Value {
    return new Value(ValueKind.Text, 0, 0, value);
  }

  /**
   * A JSON object or array, given as its text. The text is not checked here;
   * the host refuses text that is not JSON.
   */
  static json(text: string): Value {
    return new Value(ValueKind.Json, 0, 0, text);
  }

  /**
   * The value of AssemblyScript's types: `bool`, the integers up to `i64` and
   * `u32`, `f32`, `f64`, `string`, and `Value` itself.
   *
   * A `u64` is refused by the compiler: one beyond the longs would change its
   * sign, so `<i64>value` has to be the author's decision. An `f32` keeps its
   * exact value: `<f32>25.7` is stored as 25.700000762939453.
   */
  static from<T>(value: T): Value {
    if (isBoolean<T>()) {
      return Value.boolean(<bool>value);
    } else if (isInteger<T>()) {
      if (!isSigned<T>() && sizeof<T>() == 8) ERROR("a u64 may be too large for a long: convert it with <i64>");
      return Value.long(<i64>value);
    } else if (isFloat<T>()) {
      return Value.double(<f64>value);
    } else if (isString<T>()) {
      return Value.text(changetype<string>(value));
    } else if (idof<T>() == idof<Value>()) {
      return changetype<Value>(value);
    } else {
      ERROR("a value is a boolean, a number, a string or a Value");
    }
  }
}
