//! Tells the operator that ThingsBoard stores a device under another name.

use tracing::{error, info, warn};

/// Length of the random ending that ThingsBoard gives a device whose name is
/// taken.
const ENDING: usize = 15;

/// Reports that the data of `name` is stored as `stored_as`.
pub(super) fn report(name: &str, stored_as: &str) {
    if is_taken(name, stored_as) {
        warn!(
            device = name,
            stored_as,
            "another device of this name exists in ThingsBoard but is not assigned to this edge, \
             so ThingsBoard stores the data under a new name; assign the device to the edge under \
             Manage devices and delete the new one"
        );
    } else {
        info!(
            device = name,
            stored_as, "renamed in ThingsBoard; its data goes on there"
        );
    }
}

/// Renames of a synchronisation that are told one by one.
const TOLD: usize = 20;

/// Reports what was renamed while nobody was connected.
pub(super) fn report_all(renamed: &[(String, String)]) {
    for (name, stored_as) in renamed.iter().take(TOLD) {
        report(name, stored_as);
    }
    if let Some(more @ 1..) = renamed.len().checked_sub(TOLD) {
        info!(
            more,
            "further devices and assets were renamed in ThingsBoard"
        );
    }
}

/// Reports that entities which were created do not exist.
pub(super) fn report_missing(missing: &[String]) {
    for name in missing.iter().take(TOLD) {
        error!(
            device = name,
            "ThingsBoard acknowledged its creation but does not have it, so its data was lost: \
             the tenant may have as many devices or assets as it is allowed (see its tenant \
             profile), or somebody deleted it; it is created again with its next data"
        );
    }
    if let Some(more @ 1..) = missing.len().checked_sub(TOLD) {
        error!(
            more,
            "further entities that were created are missing in ThingsBoard"
        );
    }
}

/// Whether the new name is what ThingsBoard makes of one that is taken.
fn is_taken(name: &str, stored_as: &str) -> bool {
    stored_as
        .strip_prefix(name)
        .and_then(|rest| rest.strip_prefix('_'))
        .is_some_and(|ending| ending.len() == ENDING && ending.chars().all(char::is_alphabetic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_name_is_told_from_a_new_one() {
        for (stored_as, expected) in [
            ("SN-8_MwtIxTmOiMUStmK", true),
            ("SN-8_short", false),
            ("SN-8_MwtIxTmOiMUStm7", false),
            ("Boiler_MwtIxTmOiMUStmK", false),
            ("SN-8", false),
        ] {
            assert_eq!(is_taken("SN-8", stored_as), expected, "{stored_as}");
        }
    }
}
