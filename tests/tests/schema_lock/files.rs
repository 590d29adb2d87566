//! The file, and many who write it at once.

use std::fs;

use es_core::schema::Check;

use crate::Lock;
use crate::everything::Store;
use crate::releases::*;
use crate::rules::first as first_lock;

#[test]
fn several_aggregates_share_a_file_and_none_disturbs_another() {
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
fn a_checkout_with_other_line_endings_is_the_same_file() {
    let lock = first_lock();
    fs::write(&lock.path, lock.text().replace('\n', "\r\n")).unwrap();
    lock.check::<first::Invoice>().unwrap();
}

#[test]
fn a_writer_that_was_killed_blocks_nobody_for_ever() {
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
                // A reader sees no file, or sections that are whole.
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
    assert_eq!(left, 1, "only the lock itself stays");
}

/// Runs in the processes that the test below starts, and does nothing otherwise.
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
            .args(["--exact", "files::one_of_many_processes"])
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
