#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| es_mongo::fuzzing::migration(bytes));
