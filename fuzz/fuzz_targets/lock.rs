//! Reads arbitrary text as a schema lock. Every outcome except a panic is valid.
#![no_main]

use es_core::schema::Check;
use es_mongo::fuzzing::domain::Everything;

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    let path = std::env::temp_dir().join(format!("fuzz-{}.lock", std::process::id()));
    std::fs::write(&path, text).expect("the folder for temporary files can be written");
    let _ = Check::<Everything>::new(&path).update(false).try_run().map_err(|error| error.to_string());
});
