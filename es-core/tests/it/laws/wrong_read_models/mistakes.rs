//! The mistakes about read models, each with the law that fails.

mistakes! {
    /// A read model that was never prepared looks as if it were.
    NeverPreparedIsPrepared => a_read_model_begins_before_the_first_event,
    /// All partitions but the first have no checkpoint.
    OnePartitionOnly => a_read_model_begins_before_the_first_event,
    /// What is declared last is stored.
    LastDeclarationIsKept => a_read_model_is_prepared_once,
    /// Every subscription begins before the first event.
    BeginsBeforeTheFirst => a_subscription_begins_where_it_was_prepared_first,
    /// The checkpoint moves, and the rows are lost.
    CheckpointWithoutRows => rows_are_those_of_their_checkpoint,
    /// The rows are written, and the checkpoint stays.
    RowsWithoutCheckpoint => rows_are_those_of_their_checkpoint,
    /// A row that is removed stays.
    RemovedRowStays => rows_are_those_of_their_checkpoint,
    /// The fence is not compared.
    FenceNotCompared => a_commit_with_an_old_fence_writes_nothing,
    /// Whoever has lost the lease gives it back nevertheless.
    ReleasedByAnybody => a_commit_with_an_old_fence_writes_nothing,
    /// The checkpoint is not compared.
    CheckpointNotCompared => one_of_concurrent_commits_wins,
    /// Everybody gets the lease.
    LeaseForEverybody => a_lease_has_one_owner_until_it_is_given_back_or_ends,
    /// The lease is never given back.
    LeaseIsKept => a_lease_has_one_owner_until_it_is_given_back_or_ends,
    /// A lease is not taken from its owner.
    OwnerKeepsTheLease => a_lease_that_is_taken_from_its_owner_ends,
    /// The failure is forgotten with the lease.
    FailureTakenToo => a_lease_that_is_taken_from_its_owner_ends,
    /// Whoever gives a lease back removes the failure.
    FailureGivenBack => a_lease_that_is_taken_from_its_owner_ends,
    /// The failure is not recorded.
    FailureForgotten => a_failure_is_shown_until_somebody_continues,
    /// The next commit forgets that the end of the log was reached.
    NeverLive => a_failure_is_shown_until_somebody_continues,
    /// All versions share their rows.
    VersionsMixed => rows_of_two_versions_and_of_odd_keys_never_meet,
    /// A key is compared without its spaces.
    KeysTrimmed => rows_of_two_versions_and_of_odd_keys_never_meet,
    /// Nothing is paused.
    PauseForgotten => a_paused_read_model_changes_nothing,
    /// The commit in hand succeeds although the partition is paused.
    PauseKeepsFence => a_paused_read_model_changes_nothing,
    /// A partition that has stopped is resumed too.
    ResumesTheStopped => a_paused_read_model_changes_nothing,
    /// Rows and checkpoint stay as they are.
    ResetOnlyInterrupts => a_reset_read_model_begins_again,
    /// All versions are reset.
    ResetOfAllVersions => a_reset_read_model_begins_again,
    /// A read model that is paused is folded after a reset.
    ResetResumes => a_reset_read_model_begins_again,
    /// Owners of different versions are counted together.
    VersionsCountedTogether => owners_are_counted_until_their_time_ends,
    /// The time of an owner never ends.
    CountedForever => owners_are_counted_until_their_time_ends,
    /// Partitions are listed in the order of their texts.
    ListedAsText => partitions_are_listed_with_their_owners,
    /// The last owner is listed although its lease has ended.
    OwnerListedForever => partitions_are_listed_with_their_owners,
    /// No index is unique.
    NothingIsUnique => a_unique_index_refuses_rows_with_the_same_values,
    /// A commit that a unique index refuses moves the checkpoint.
    RefusedCommitMoves => a_unique_index_refuses_rows_with_the_same_values,
    /// A commit that a unique index refuses writes its first row.
    RefusedCommitIsDivided => a_unique_index_refuses_rows_with_the_same_values,
    /// A unique index compares each row with those that are stored when it is written.
    RowsOneByOne => a_unique_index_compares_the_rows_after_a_commit,
    /// Missing fields differ.
    NullIsUnique => a_missing_field_is_null_and_each_element_of_an_array_counts,
    /// A read model has only the indexes with which it was prepared first.
    IndexesOfTheFirst => an_index_can_be_added_to_rows_that_exist,
    /// Each index has the rows of all types.
    IndexesOfAllRows => a_unique_index_of_a_type_of_rows_ignores_the_others,
    /// An index on the rows of a type compares nothing.
    IndexesOfNoRows => a_unique_index_of_a_type_of_rows_ignores_the_others,
    /// The version that was prepared last is live.
    LastIsLive => the_first_version_is_live,
    /// A handler has a live version.
    HandlerIsLive => the_first_version_is_live,
    /// A switch asks for no position.
    SwitchedWithoutPosition => a_version_becomes_live_only_if_it_has_reached_the_live_one,
    /// A switch succeeds, and changes nothing.
    NotSwitched => a_version_becomes_live_only_if_it_has_reached_the_live_one,
    /// The last key is listed once more.
    KeyListedTwice => keys_are_listed_in_order,
    /// The keys of all versions are listed together.
    KeysOfAllVersions => keys_are_listed_in_order,
    /// The live version is dropped.
    LiveIsDropped => a_version_is_dropped_unless_it_is_live,
    /// A version is not dropped.
    DropForgotten => a_version_is_dropped_unless_it_is_live,
    /// The fences of a version that was dropped are used again.
    FencesUsedAgain => a_version_is_dropped_unless_it_is_live,
    /// A commit without rows parks nothing.
    NotParkedWithoutRows => letters_change_with_the_rows_and_the_checkpoint,
    /// The letters of all partitions are one list.
    PartitionsOfLettersMixed => letters_change_with_the_rows_and_the_checkpoint,
    /// Letters are listed in the order of keys.
    LettersListedByKey => letters_change_with_the_rows_and_the_checkpoint,
    /// The last position of a key is named instead of the first.
    LastPositionIsNamed => letters_change_with_the_rows_and_the_checkpoint,
    /// No key is closed.
    KeysAreOpen => letters_change_with_the_rows_and_the_checkpoint,
    /// What is parked is not counted.
    LettersNotCounted => letters_change_with_the_rows_and_the_checkpoint,
    /// A letter that is removed stays.
    LettersStay => letters_are_removed_and_skipped_in_one_commit,
    /// It is not recorded what is skipped.
    SkippedNotRecorded => letters_are_removed_and_skipped_in_one_commit,
    /// A letter that replaces a different one is removed.
    ReplacedIsRemoved => letters_are_removed_and_skipped_in_one_commit,
    /// The letters of a commit that is refused are stored.
    RefusedCommitParks => a_refused_commit_changes_no_letter,
    /// The letters of a commit under a lost lease are stored.
    LettersWithoutFence => a_refused_commit_changes_no_letter,
    /// The keys of letters are stored without their spaces.
    KeysOfLettersTrimmed => letters_of_two_versions_and_of_odd_keys_never_meet,
    /// Rows are read with the fence of the next lease.
    FenceOfTheRowsIsNext => what_is_read_names_the_fence,
    /// Letters are read with the fence of the last lease.
    FenceOfTheLettersIsLast => what_is_read_names_the_fence,
    /// What is parked stays after a reset.
    ResetKeepsLetters => a_reset_deletes_what_is_parked_and_keeps_what_is_skipped,
    /// What was skipped is forgotten by a reset.
    ResetForgetsSkipped => a_reset_deletes_what_is_parked_and_keeps_what_is_skipped,
}
