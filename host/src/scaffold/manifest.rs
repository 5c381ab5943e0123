//! A package's manifest without the workspace that it inherits from.
//!
//! The Rust SDK takes its version, the versions of what it needs and its lints
//! from this repository's workspace. A folder elsewhere has none, so what is
//! inherited is written where it is used.

use toml::{Table, Value};

const DEPENDENCIES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// The manifest `member` with all that it inherits from the root manifest
/// `root` written out.
///
/// # Errors
/// Something is inherited that is not there, or that only works beside the root.
pub(super) fn standalone(member: &Table, root: &Table) -> Result<String, String> {
    let workspace = table(root, "workspace").ok_or("the root has no workspace")?;
    let mut manifest = member.clone();
    if let Some(Value::Table(package)) = manifest.get_mut("package") {
        let shared = table(workspace, "package");
        for (key, value) in package.iter_mut().filter(|(_, value)| inherits(value)) {
            *value = inherited(shared, key, "package")?.clone();
        }
    }
    let shared = table(workspace, "dependencies");
    write_out_dependencies(&mut manifest, shared)?;
    if let Some(Value::Table(targets)) = manifest.get_mut("target") {
        for (_, target) in targets.iter_mut() {
            if let Value::Table(target) = target {
                write_out_dependencies(target, shared)?;
            }
        }
    }
    if let Some(lints) = manifest.get_mut("lints").filter(|lints| inherits(lints)) {
        *lints = inherited(Some(workspace), "lints", "lints")?.clone();
    }
    Ok(format!(
        "# Written by tb-tcp from the SDK's manifest and its workspace's.\n\n{manifest}"
    ))
}

fn write_out_dependencies(of: &mut Table, shared: Option<&Table>) -> Result<(), String> {
    for kind in DEPENDENCIES {
        let Some(Value::Table(dependencies)) = of.get_mut(kind) else {
            continue;
        };
        for (name, own) in dependencies.iter_mut().filter(|(_, own)| inherits(own)) {
            let base = inherited(shared, name, "dependencies")?;
            *own = Value::Table(merged(name, base, own)?);
        }
    }
    Ok(())
}

/// A workspace's dependency with what the package says of it: features are
/// added, all else is the package's if it says so.
fn merged(name: &str, base: &Value, own: &Value) -> Result<Table, String> {
    let mut merged = match base {
        Value::String(version) => {
            Table::from_iter([("version".to_owned(), version.clone().into())])
        }
        Value::Table(base) => base.clone(),
        _ => return Err(format!("the workspace's dependency {name} is no version")),
    };
    if merged.contains_key("path") {
        return Err(format!("the workspace's dependency {name} is a path in it"));
    }
    for (key, value) in own.as_table().into_iter().flatten() {
        match (key.as_str(), value, merged.get_mut(key)) {
            ("workspace", ..) => {}
            ("features", Value::Array(more), Some(Value::Array(features))) => {
                features.extend(more.iter().cloned());
            }
            _ => {
                merged.insert(key.clone(), value.clone());
            }
        }
    }
    Ok(merged)
}

fn table<'a>(of: &'a Table, key: &str) -> Option<&'a Table> {
    of.get(key).and_then(Value::as_table)
}

fn inherits(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

fn inherited<'a>(shared: Option<&'a Table>, key: &str, of: &str) -> Result<&'a Value, String> {
    shared
        .and_then(|shared| shared.get(key))
        .ok_or_else(|| format!("the workspace has no {key} among its {of}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = r#"
        [workspace.package]
        version = "1.2.3"
        publish = false
        [workspace.dependencies]
        plain = "1"
        full = { version = "2", default-features = false, features = ["a"] }
        near = { path = "near" }
        [workspace.lints.clippy]
        unwrap_used = "warn"
        [profile.release]
        lto = true
    "#;

    fn written(member: &str) -> Result<Table, String> {
        let text = standalone(&member.parse().unwrap(), &ROOT.parse().unwrap())?;
        Ok(text.parse().unwrap())
    }

    #[test]
    fn what_is_inherited_is_written_out() {
        let found = written(
            r#"
            [package]
            name = "member"
            version.workspace = true
            publish.workspace = true
            [lib]
            crate-type = ["cdylib"]
            [dependencies]
            plain.workspace = true
            own = "3"
            [dev-dependencies]
            full.workspace = true
            [target.'cfg(unix)'.dependencies]
            full = { workspace = true, features = ["b"], optional = true }
            [lints]
            workspace = true
            "#,
        );
        let expected = r#"
            [package]
            name = "member"
            version = "1.2.3"
            publish = false
            [lib]
            crate-type = ["cdylib"]
            [dependencies]
            plain = { version = "1" }
            own = "3"
            [dev-dependencies]
            full = { version = "2", default-features = false, features = ["a"] }
            [target.'cfg(unix)'.dependencies]
            full = { version = "2", default-features = false, features = ["a", "b"], optional = true }
            [lints.clippy]
            unwrap_used = "warn"
        "#;
        assert_eq!(found, Ok(expected.parse().unwrap()));
    }

    #[test]
    fn what_cannot_be_inherited_is_named() {
        let table = [
            (
                "[package]\nedition.workspace = true",
                "the workspace has no edition among its package",
            ),
            (
                "[dependencies]\nother.workspace = true",
                "the workspace has no other among its dependencies",
            ),
            (
                "[dependencies]\nnear.workspace = true",
                "the workspace's dependency near is a path in it",
            ),
        ];
        for (member, expected) in table {
            assert_eq!(written(member), Err(expected.to_owned()), "{member}");
        }
    }
}
