//! Values that are known when the file is read: what always fails is found
//! without a server.

use crate::device::{
    conversation::{Expression, Operator, Piece},
    evaluate::calculate,
    function::{Function, stuffing},
    random::Random,
    value::{Value, ValueError},
};

type Result<T> = std::result::Result<T, ValueError>;

/// The value of a literal, and of what was made of literals only.
pub(super) fn constant(expression: &Expression) -> Option<Value> {
    match expression {
        Expression::Number(number) => Some(Value::Number(*number)),
        Expression::Pieces(pieces) => match pieces.as_slice() {
            [] => Some(Value::Bytes(Default::default())),
            [Piece::Literal(literal)] => Some(Value::Bytes(literal.clone().into())),
            _ => None,
        },
        _ => None,
    }
}

fn constant_number(expression: &Expression) -> Result<Option<i128>> {
    constant(expression).map(|value| value.number()).transpose()
}

/// Two operands, or their result.
pub(super) fn calculation(
    operator: Operator,
    left: Expression,
    right: Expression,
) -> Result<Expression> {
    let (known_left, known_right) = (constant_number(&left)?, constant_number(&right)?);
    match (operator, known_left, known_right) {
        (operator, Some(left), Some(right)) => {
            calculate(operator, left, right).map(Expression::Number)
        }
        (Operator::Divide | Operator::Remainder, None, Some(0)) => Err(ValueError::DivisionByZero),
        _ => Ok(Expression::Calculation(
            operator,
            Box::new(left),
            Box::new(right),
        )),
    }
}

/// A value with the other sign.
pub(super) fn negative(value: Expression) -> Result<Expression> {
    match constant_number(&value)? {
        Some(number) => {
            let number = number.checked_neg().ok_or(ValueError::Overflow)?;
            Ok(Expression::Number(number))
        }
        None => Ok(Expression::Negative(Box::new(value))),
    }
}

/// A function with its arguments, or its result.
pub(super) fn call(function: Function, arguments: Vec<Expression>) -> Result<Expression> {
    if let (Function::Escaped | Function::Unescaped, [_, pairs]) = (function, arguments.as_slice())
        && let Some(pairs) = constant(pairs)
    {
        stuffing(&pairs)?;
    }
    let known: Option<Vec<_>> = arguments.iter().map(constant).collect();
    let Some(known) = known else {
        return Ok(Expression::Call(function, arguments));
    };
    // For `random` only the range is known.
    let value = function.call(&known, &mut Random::new(0, 0, 1))?;
    Ok(match (function, value) {
        (Function::Random, _) => Expression::Call(function, arguments),
        (_, Value::Number(number)) => Expression::Number(number),
        (_, Value::Bytes(bytes)) => Expression::Pieces(vec![Piece::Literal(bytes.into())]),
    })
}
