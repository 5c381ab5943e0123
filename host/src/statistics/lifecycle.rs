//! What became of an integration, with ThingsBoard's names.

use serde_json::json;

/// A lifecycle event of an integration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    /// It listens.
    Started,
    /// It uses changed settings.
    Updated,
    /// The host stopped.
    Stopped,
    /// Changed settings cannot be used, for this reason; those before are in use.
    Failed(String),
}

impl Lifecycle {
    /// ThingsBoard's body of a lifecycle event: `event`, `success`, and `error` of
    /// one that failed. JSON text.
    #[must_use]
    pub fn json(&self) -> String {
        let event = match self {
            Self::Started => "STARTED",
            Self::Updated => "UPDATED",
            Self::Stopped => "STOPPED",
            Self::Failed(error) => {
                return json!({"event": "FAILED", "success": false, "error": error}).to_string();
            }
        };
        json!({"event": event, "success": true}).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_thingsboards() {
        let cases = [
            (Lifecycle::Started, r#"{"event":"STARTED","success":true}"#),
            (Lifecycle::Updated, r#"{"event":"UPDATED","success":true}"#),
            (Lifecycle::Stopped, r#"{"event":"STOPPED","success":true}"#),
            (
                Lifecycle::Failed("a \"b\"".to_owned()),
                r#"{"event":"FAILED","success":false,"error":"a \"b\""}"#,
            ),
        ];
        for (event, expected) in cases {
            assert_eq!(event.json(), expected);
        }
    }
}
