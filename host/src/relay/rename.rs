//! Tells the operator that ThingsBoard stores a device under another name.

use tracing::{info, warn};

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
