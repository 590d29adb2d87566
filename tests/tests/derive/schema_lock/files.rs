//! The file, and many concurrent writers.

use std::fs;

use es_core::schema::Check;

use super::Lock;
use super::everything::Store;
use super::releases::*;
use super::rules::first as first_lock;

#[test]
fn several_aggregates_share_a_file() {
    let lock = first_lock();
    lock.update::<Store>().unwrap();
    lock.update::<optional_field::Invoice>().unwrap();
    lock.check::<Store>().unwrap();
    let text = lock.text();
    assert!(text.find("aggregate Invoice").unwrap() < text.find("aggregate Store").unwrap());
}

#[test]
fn a_file_that_was_edited_is_refused_by_line() {
    let lock = first_lock();
    fs::write(&lock.path, lock.text().replace("        amount: i64", "           amount: i64")).unwrap();
    let error = lock.check::<first::Invoice>().unwrap_err();
    assert!(error.contains("line ") && error.contains("version control"), "{error}");
}

#[test]
fn an_invalid_line_is_refused_and_not_overwritten() {
    let lock = first_lock();
    let released = lock.text();
    let section = &released[released.find("aggregate").unwrap()..];
    for (edited, line) in [
        ("hello\n".to_owned(), 1),
        ("{ \"events\": [] }\n".to_owned(), 1),
        (released.replace("  ", "\t"), 5),
        (released.replacen("  state 1\n", "  state one\n", 1), 5),
        (released.replacen("  state 1\n", "  colour red\n  state 1\n", 1), 5),
        (released.replacen("    version 1\n", "    version 1\n    version 1\n", 1), 9),
        (format!("{released}{section}"), released.lines().count() + 1),
    ] {
        fs::write(&lock.path, &edited).unwrap();
        for error in [lock.check::<first::Invoice>().unwrap_err(), lock.update::<first::Invoice>().unwrap_err()] {
            assert!(error.starts_with(&format!("line {line} of ")), "{error}\n{edited}");
            assert!(
                error.ends_with("is not a line of a schema lock; restore the file from version control"),
                "{error}"
            );
        }
        assert_eq!(lock.text(), edited);
    }
}

#[test]
fn an_unfinished_merge_is_refused_with_a_remedy() {
    let lock = first_lock();
    let released = lock.text();
    for (merged, line) in [
        (format!("<<<<<<< HEAD\n{released}=======\n{released}>>>>>>> theirs\n"), 1),
        (released.replacen("  state 1\n", "<<<<<<< HEAD\n  state 1\n=======\n  state 2\n>>>>>>> theirs\n", 1), 5),
    ] {
        fs::write(&lock.path, &merged).unwrap();
        for error in [lock.check::<first::Invoice>().unwrap_err(), lock.update::<first::Invoice>().unwrap_err()] {
            assert!(error.starts_with(&format!("line {line} of ")), "{error}");
            assert!(error.contains("conflict of a merge") && error.contains("`ES_UPDATE=1 cargo test`"), "{error}");
        }
        assert_eq!(lock.text(), merged);
    }
}

#[test]
fn a_byte_order_mark_is_ignored() {
    let lock = first_lock();
    fs::write(&lock.path, format!("\u{feff}{}", lock.text())).unwrap();
    lock.check::<first::Invoice>().unwrap();
}

#[test]
fn a_checkout_with_different_line_endings_is_the_same_file() {
    let lock = first_lock();
    fs::write(&lock.path, lock.text().replace('\n', "\r\n")).unwrap();
    lock.check::<first::Invoice>().unwrap();
}

#[test]
fn a_killed_writer_does_not_block_others_forever() {
    let lock = Lock::new();
    let turn = lock.path.with_file_name("events.lock.writing");
    fs::write(&turn, "").unwrap();
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
    fs::File::options().write(true).open(&turn).unwrap().set_modified(old).unwrap();
    lock.update::<first::Invoice>().unwrap();
    assert!(!turn.exists());
}

#[test]
fn many_threads_write_one_file() {
    let lock = Lock::new();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| lock.update::<first::Invoice>().unwrap());
            scope.spawn(|| lock.update::<Store>().unwrap());
            scope.spawn(|| {
                // A reader sees no file, or complete sections.
                for _ in 0..20 {
                    if let Err(error) = lock.check::<first::Invoice>() {
                        assert!(error.contains("new: the aggregate Invoice"), "{error}");
                    }
                }
            });
        }
    });
    lock.check::<first::Invoice>().unwrap();
    lock.check::<Store>().unwrap();
    let left = fs::read_dir(lock.path.parent().unwrap()).unwrap().count();
    assert_eq!(left, 1, "only the lock itself remains");
}

/// Runs in the processes that the test below starts; otherwise it does nothing.
#[test]
fn one_of_many_processes() {
    if let Some(path) = std::env::var_os("SCHEMA_LOCK_OF_MANY") {
        Check::<first::Invoice>::new(&path).update(true).run();
        Check::<Store>::new(&path).update(true).run();
    }
}

#[test]
fn many_processes_write_one_file() {
    let lock = Lock::new();
    let start = |_| {
        std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "schema_lock::files::one_of_many_processes"])
            .env("SCHEMA_LOCK_OF_MANY", &lock.path)
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap()
    };
    let processes: Vec<_> = (0..8).map(start).collect();
    for mut process in processes {
        assert!(process.wait().unwrap().success());
    }
    lock.check::<first::Invoice>().unwrap();
    lock.check::<Store>().unwrap();
}
