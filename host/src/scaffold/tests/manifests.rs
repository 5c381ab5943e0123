//! What cargo and npm read.

use super::*;

#[test]
fn the_rust_sdks_manifest_needs_no_workspace() {
    let texts = texts(Language::Rust, Direction::Uplink, &anywhere());
    let manifest = toml(&texts["sdk/guest-sdk/rust/Cargo.toml"]);
    assert!(!manifest.to_string().contains("workspace"), "{manifest}");
    let root = fs::read_to_string(repository().join("Cargo.toml")).unwrap();
    let root = &toml(&root)["workspace"];
    assert_eq!(manifest["package"]["name"].as_str(), Some("tb-converter"));
    for key in ["version", "edition", "rust-version", "license", "publish"] {
        assert_eq!(manifest["package"][key], root["package"][key], "{key}");
    }
    assert_eq!(
        manifest["dependencies"]["wit-bindgen"],
        root["dependencies"]["wit-bindgen"]
    );
    assert_eq!(manifest["lints"], root["lints"]);
    // The bindings look for the contract there.
    assert!(texts["sdk/guest-sdk/rust/src/bindings.rs"].contains("path: \"../../wit\""));
    assert!(texts.contains_key("sdk/wit/converter.wit"));
}

#[test]
fn a_cargo_manifest_fits_the_sdk_and_the_repositorys_profile() {
    let root = fs::read_to_string(repository().join("Cargo.toml")).unwrap();
    let root = toml(&root);
    let mut profile = root["profile"]["converter"].as_table().unwrap().clone();
    assert_eq!(profile.remove("inherits"), Some("release".into()));
    for direction in DIRECTIONS {
        let texts = texts(Language::Rust, direction, &anywhere());
        let manifest = toml(&texts["Cargo.toml"]);
        assert_eq!(manifest["package"]["name"].as_str(), Some("em-500"));
        assert_eq!(
            manifest["package"]["edition"],
            root["workspace"]["package"]["edition"]
        );
        assert_eq!(manifest["profile"]["release"].as_table(), Some(&profile));
        let sdk = manifest["dependencies"]["tb-converter"]["path"]
            .as_str()
            .unwrap();
        assert!(texts.contains_key(&format!("{sdk}/Cargo.toml")), "{sdk}");
        assert!(texts["src/lib.rs"].contains(&format!("(\"{direction}\")")));
    }
}

#[test]
fn an_npm_package_fits_the_sdk_and_its_lock_file() {
    let text = fs::read_to_string(repository().join("guest-sdk/assemblyscript/package.json"));
    let sdk: Json = serde_json::from_str(&text.unwrap()).unwrap();
    let texts = texts(Language::AssemblyScript, Direction::Uplink, &anywhere());
    let parsed = |file: &str| -> Json { serde_json::from_str(&texts[file]).unwrap() };
    let package = parsed("package.json");
    assert_eq!(package["name"], "em-500");
    assert_eq!(package["engines"], sdk["engines"]);
    assert_eq!(
        package["devDependencies"],
        json!({
            "assemblyscript": sdk["devDependencies"]["assemblyscript"],
            "tb-converter": "file:sdk/guest-sdk/assemblyscript",
        })
    );
    assert_eq!(
        package["scripts"]["test"],
        "npm run build && tb-tcp test build/em-500.wasm --cases ."
    );
    let lock = parsed("package-lock.json");
    assert_eq!(lock["name"], "em-500");
    assert_eq!(
        lock["packages"][""]["devDependencies"],
        package["devDependencies"]
    );
    assert_eq!(
        lock["packages"]["node_modules/tb-converter"],
        json!({ "resolved": "sdk/guest-sdk/assemblyscript", "link": true })
    );
    assert_eq!(
        lock["packages"]["node_modules/assemblyscript"]["version"],
        sdk["devDependencies"]["assemblyscript"]
    );
    assert_eq!(
        lock["packages"]["sdk/guest-sdk/assemblyscript"]["version"],
        sdk["version"]
    );
    for file in ["asconfig.json", "assembly/tsconfig.json"] {
        parsed(file);
    }
}

#[test]
fn manifests_in_the_repository_are_as_those_of_the_others() {
    let csv = |file: &str| {
        let text = fs::read_to_string(repository().join("converters/csv").join(file)).unwrap();
        text.replace("csv", "em-500")
    };
    for direction in DIRECTIONS {
        let rust = texts(Language::Rust, direction, &in_repository());
        let mut expected = toml(&csv("rust/Cargo.toml"));
        let mut found = toml(&rust["rust/Cargo.toml"]);
        for manifest in [&mut expected, &mut found] {
            let package = manifest["package"].as_table_mut().unwrap();
            package.remove("description").unwrap();
        }
        assert_eq!(found, expected);
        assert!(rust["rust/src/lib.rs"].contains(&format!("(\"../{direction}\")")));

        let assemblyscript = texts(Language::AssemblyScript, direction, &in_repository());
        for file in ["package.json", "asconfig.json", "assembly/tsconfig.json"] {
            let file = format!("assemblyscript/{file}");
            let parsed = |text: &str| {
                let mut json: Json = serde_json::from_str(text).unwrap();
                if let Some(object) = json.as_object_mut() {
                    object.remove("description");
                }
                json
            };
            assert_eq!(
                parsed(&assemblyscript[&file]),
                parsed(&csv(&file)),
                "{file}"
            );
        }
    }
}
