//! The text of a schema lock: every outcome but a panic will do.
#![no_main]

use es_core::schema::Check;
use es_mongo::fuzzing::domain::Everything;

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    let path = std::env::temp_dir().join(format!("fuzz-{}.lock", std::process::id()));
    std::fs::write(&path, text).expect("the folder for temporary files can be written");
    let _ = Check::<Everything>::new(&path).update(false).try_run().map_err(|error| error.to_string());
});
