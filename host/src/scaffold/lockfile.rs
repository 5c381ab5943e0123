//! The `package-lock.json` of a new folder, with which `npm ci` installs the
//! compiler that the SDK was tested with.

use serde_json::{Map, Value as Json, json};

use super::{error::ScaffoldError, sdk};

/// Where the SDK lies in the folder.
const SDK: &str = "sdk/guest-sdk/assemblyscript";

/// The lock file of the package `package`, made of the SDK's.
///
/// # Errors
/// The SDK's is none.
pub(super) fn of(package: &str) -> Result<String, ScaffoldError> {
    let package: Json = serde_json::from_str(package)
        .map_err(|error| sdk::unfit("package.json", &error.to_string()))?;
    let mut sdk = sdk::npm_package()?;
    let lock = sdk::npm_lockfile()?;
    let locked = lock.get("packages").and_then(Json::as_object);
    let locked = locked
        .ok_or_else(|| sdk::unfit("guest-sdk/assemblyscript/package-lock.json", "no packages"))?;

    let mut packages = Map::new();
    let root = ["name", "version", "devDependencies", "engines"];
    packages.insert(String::new(), some_of(&package, &root));
    // The SDK's own entry is the one without a name.
    let others = locked.iter().filter(|(path, _)| !path.is_empty());
    packages.extend(others.map(|(path, entry)| (path.clone(), entry.clone())));
    packages.insert(
        "node_modules/tb-converter".to_owned(),
        json!({ "resolved": SDK, "link": true }),
    );
    let linked = [
        "name",
        "version",
        "dev",
        "license",
        "devDependencies",
        "engines",
    ];
    if let Some(sdk) = sdk.as_object_mut() {
        sdk.insert("dev".to_owned(), true.into());
    }
    packages.insert(SDK.to_owned(), some_of(&sdk, &linked));

    let lockfile = json!({
        "name": package["name"],
        "version": package["version"],
        "lockfileVersion": 3,
        "requires": true,
        "packages": packages,
    });
    Ok(format!("{lockfile:#}\n"))
}

fn some_of(package: &Json, keys: &[&str]) -> Json {
    let entries = keys
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), package.get(key)?.clone())));
    Json::Object(entries.collect())
}
