//! Checks what a converter returned against what ThingsBoard can store.

pub(super) use super::check_value::check_value;
use super::check_value::{NUL, chars_beyond, holds_nul, shown};
use crate::message::{EntityKind, batch::Head};

/// Longest name, profile or label that ThingsBoard stores, in characters: the
/// width of its columns.
const MAX_NAME: usize = 255;

/// Says what is wrong with an entity, its values left aside.
///
/// # Errors
/// The text names the field, for the converter's author.
pub(super) fn check_head(head: &Head<'_>) -> Result<(), String> {
    let [kind, name, profile] = match head.kind {
        EntityKind::Device => ["device", "deviceName", "deviceType"],
        EntityKind::Asset => ["asset", "assetName", "assetType"],
    };
    if head.name.trim().is_empty() {
        return Err(format!(
            "{name} is empty, so there is no {kind} to store the data for; check how the \
             converter takes it from the frame"
        ));
    }
    if matches!(head.name, "undefined" | "null") {
        return Err(format!(
            "{name} is {:?}, what a script makes of a missing value; check how the converter \
             takes it from the frame",
            head.name
        ));
    }
    for (what, text) in [
        (name, head.name),
        (profile, head.profile),
        ("label", head.label.unwrap_or_default()),
    ] {
        check_name(text).map_err(|fault| format!("{what} {} {fault}", shown(text)))?;
    }
    Ok(())
}

fn check_name(text: &str) -> Result<(), String> {
    // Nothing can be wrong with nearly all names, and one pass tells.
    if text.len() <= MAX_NAME && text.bytes().all(|byte| byte != 0 && byte != b'<') {
        return Ok(());
    }
    if let Some(count) = chars_beyond(text, MAX_NAME) {
        return Err(format!(
            "has {count} characters; ThingsBoard stores {MAX_NAME} at most"
        ));
    }
    if holds_nul(text) {
        return Err(NUL.to_owned());
    }
    if holds_script(text) {
        return Err("holds HTML with a script, which ThingsBoard refuses in names".to_owned());
    }
    Ok(())
}

/// Whether there is a whole script tag in it. ThingsBoard's check knows more that
/// it refuses, but what exactly depends on its version.
fn holds_script(text: &str) -> bool {
    const TAG: &str = "<script";
    text.match_indices('<').any(|(at, _)| {
        let start = text.get(at..at + TAG.len());
        let tag = start.is_some_and(|start| start.eq_ignore_ascii_case(TAG));
        let rest = text.get(at + TAG.len()..).unwrap_or_default();
        let ends =
            rest.starts_with(|next: char| next == '>' || next == '/' || next.is_whitespace());
        tag && ends && rest.contains('>')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::batch::Origin;

    fn fault(kind: EntityKind, name: &str, profile: &str, label: &str) -> Option<String> {
        let origin = Origin {
            integration: "TCP".into(),
            allow_create: true,
            received_ms: 0,
        };
        let head = Head {
            origin: &origin,
            kind,
            name,
            profile,
            label: (!label.is_empty()).then_some(label),
            customer: None,
            group: None,
        };
        check_head(&head).err()
    }

    #[test]
    fn what_can_be_stored_passes() {
        // Characters count, not bytes.
        for name in [
            "SN",
            "\u{e4}".repeat(255).as_str(),
            "a<b",
            "<scripture>",
            "x<script",
        ] {
            assert_eq!(fault(EntityKind::Device, name, name, name), None);
        }
    }

    #[test]
    fn faults_of_names_are_told_with_the_field() {
        use EntityKind::{Asset, Device};

        let long = "\u{e4}".repeat(256);
        let cases = [
            (
                (Device, " ", "", ""),
                "deviceName is empty, so there is no device to store",
            ),
            (
                (Asset, "", "", ""),
                "assetName is empty, so there is no asset to store",
            ),
            (
                (Device, "undefined", "", ""),
                "deviceName is \"undefined\", what a script makes of",
            ),
            (
                (Device, &long, "", ""),
                "has 256 characters; ThingsBoard stores 255 at most",
            ),
            (
                (Device, "a\0b", "", ""),
                "deviceName a\\0b holds a NUL character",
            ),
            (
                (Device, "a<SCRIPT src=x>b", "", ""),
                "deviceName a<SCRIPT src=x>b holds HTML",
            ),
            (
                (Device, "SN", "<script>", ""),
                "deviceType <script> holds HTML with a script, which",
            ),
            ((Device, "SN", &long, ""), "deviceType \u{e4}\u{e4}"),
            ((Device, "SN", "", "\0"), "label \\0 holds a NUL character"),
            ((Device, "SN", "", &long), "… has 256 characters"),
        ];
        for ((kind, name, profile, label), expected) in cases {
            let fault = fault(kind, name, profile, label).unwrap_or_default();
            assert!(fault.contains(expected), "{expected:?} is not in {fault:?}");
        }
    }
}
