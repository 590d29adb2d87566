//! Finds the name under which the user's manifest lists the library.

mod toml;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;
use std::{env, fs};

use self::toml::Value;

/// The name of the library in the registry.
const PACKAGE: &str = "es-core";

/// The sections that can list the library. If they give it different names, the earlier section
/// wins.
const SECTIONS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// The last result: all macros in one crate ask for the same manifest.
static LAST: Mutex<Option<Found>> = Mutex::new(None);

struct Found {
    manifest: PathBuf,
    modified: SystemTime,
    name: Option<String>,
}

/// The name of the library in the crate that is being compiled. `None` if the library has its usual
/// name or the name cannot be found out.
pub(crate) fn renamed() -> Option<String> {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR")?).join("Cargo.toml");
    // The compiler exits after one crate, but an editor keeps the macros loaded while the manifest
    // changes.
    let modified = fs::metadata(&manifest).and_then(|file| file.modified()).ok()?;
    let mut last = LAST.lock().ok()?;
    if let Some(found) = last.as_ref().filter(|found| found.manifest == manifest && found.modified == modified) {
        return found.name.clone();
    }
    let name = read(&manifest);
    *last = Some(Found { manifest, modified, name: name.clone() });
    name
}

fn read(manifest: &Path) -> Option<String> {
    let values = toml::values(&fs::read_to_string(manifest).ok()?);
    let key = key_in(&values, || workspace_of(manifest, &values))?;
    (key != PACKAGE).then(|| key.replace('-', "_"))
}

/// The key under which the manifest lists the library.
fn key_in(values: &[Value], workspace: impl FnOnce() -> Option<Vec<Value>>) -> Option<String> {
    let listed: Vec<_> = values.iter().filter_map(dependency).collect();
    let is_another =
        |key: &str| listed.iter().any(|entry| entry.key == key && entry.is("package") && entry.value != PACKAGE);
    let by_itself = |entry: &Dependency<'_>| {
        entry.key == PACKAGE && !is_another(PACKAGE) || entry.is("package") && entry.value == PACKAGE
    };
    let first = |entries: &mut dyn Iterator<Item = &Dependency<'_>>| {
        entries.min_by_key(|entry| entry.rank).map(|entry| entry.key.to_owned())
    };
    if let Some(key) = first(&mut listed.iter().filter(|entry| by_itself(entry))) {
        return Some(key);
    }
    let mut inherited = listed.iter().filter(|entry| entry.is("workspace") && entry.value == "true").peekable();
    inherited.peek()?;
    let shared = workspace()?;
    let of_library = |key: &str| {
        shared.iter().any(|value| value.is_at(&["workspace", "dependencies", key, "package"]) && value.text == PACKAGE)
    };
    first(&mut inherited.filter(|entry| of_library(entry.key)))
}

/// One statement of a manifest about a dependency.
struct Dependency<'a> {
    rank: usize,
    key: &'a str,
    about: &'a [String],
    value: &'a str,
}

impl Dependency<'_> {
    fn is(&self, what: &str) -> bool {
        matches!(self.about, [about] if about == what)
    }
}

fn dependency(value: &Value) -> Option<Dependency<'_>> {
    let (rest, targeted) = match value.keys.as_slice() {
        [target, _, rest @ ..] if target == "target" => (rest, 1),
        keys => (keys, 0),
    };
    let [section, key, about @ ..] = rest else { return None };
    let rank = SECTIONS.iter().position(|known| known == section)? * 2 + targeted;
    Some(Dependency { rank, key, about, value: &value.text })
}

/// The manifest of the workspace that a package is in.
fn workspace_of(manifest: &Path, values: &[Value]) -> Option<Vec<Value>> {
    let package = manifest.parent()?;
    if let Some(root) = values.iter().find(|value| value.is_at(&["package", "workspace"])) {
        return Some(toml::values(&fs::read_to_string(package.join(&root.text).join("Cargo.toml")).ok()?));
    }
    package.ancestors().find_map(|folder| {
        let values = toml::values(&fs::read_to_string(folder.join("Cargo.toml")).ok()?);
        values.iter().any(|value| value.keys.first().is_some_and(|key| key == "workspace")).then_some(values)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(manifest: &str, workspace: &str) -> Option<String> {
        key_in(&toml::values(manifest), || Some(toml::values(workspace)))
    }

    #[test]
    fn every_way_to_write_a_dependency_is_understood() {
        for (manifest, expected) in [
            ("[dependencies]\nes-core = '1'", Some("es-core")),
            ("[dependencies]\nes-core.workspace = true", Some("es-core")),
            ("[dependencies.es-core]\npath = '..'", Some("es-core")),
            ("[dependencies]\nevents = { version = '1', package = 'es-core' }", Some("events")),
            ("[dependencies.events] # renamed\nversion = '1'\npackage = \"es-core\"", Some("events")),
            ("dependencies.events.package = 'es-core'", Some("events")),
            ("[target.'cfg(unix)'.dependencies]\nevents = { package = 'es-core' }", Some("events")),
            ("[dev-dependencies]\nes-core = '1'\n[dependencies]\nevents = { package = 'es-core' }", Some("events")),
            ("[dependencies]\nes-core = { package = 'other' }\nevents = { package = 'es-core' }", Some("events")),
            ("[dependencies]\nserde = { features = [\n  'derive', # }\n] }\nev = { package = 'es-core' }", Some("ev")),
            ("[dependencies]\nserde = '1'", None),
            ("[package]\nname = 'es-core'", None),
            ("[[dependencies", None),
            ("[dependencies]\nevents = { package = ", None),
        ] {
            assert_eq!(key(manifest, "").as_deref(), expected, "{manifest}");
        }
    }

    #[test]
    fn a_name_that_the_workspace_gives_is_found() {
        let workspace = "[workspace.dependencies]\nserde = '1'\nevents = { path = '..', package = 'es-core' }";
        let manifest = "[dependencies]\nserde.workspace = true\nevents = { workspace = true }";
        assert_eq!(key(manifest, workspace).as_deref(), Some("events"));
        assert_eq!(key("[dependencies]\nserde.workspace = true", workspace), None);
    }
}
