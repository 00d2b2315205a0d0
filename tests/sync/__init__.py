"""Sync between machines: what it must fulfil, and the tests that show it; those with an arrow print a figure.

- R1 all machines end up equal:
  → test_machines_converge_and_lose_nothing_in_many_schedules, → test_machines_converge_through_a_real_database,
  test_machines_in_namespaces_converge
- R2 nothing is lost but what a purge saw:
  → test_machines_converge_and_lose_nothing_in_many_schedules, test_machines_converge_in_directed_schedule,
  test_schedules_notice_mutant, test_a_turn_added_during_the_deletion_lives_on_in_a_fork
- R3 a kill between any two steps:
  → test_killed_sync_processes_lose_nothing, → test_first_sync_goes_on_after_kills_with_flat_memory,
  → test_a_killed_purge_is_hidden_resumed_and_gone_from_the_file
- R4 no reader skips a record:
  → test_a_tailing_reader_skips_no_record, → test_a_tailing_reader_of_a_plain_sequence_skips_records
- R5 a hub that is away, silent or slow costs the app nothing:
  → python -m tests.benchmarks.sync_impact, test_silent_hub_is_given_up_and_the_database_stays_usable
- R6 short transactions, search during a first sync:
  → python -m tests.benchmarks.sync_impact, → test_applying_holds_the_database_for_at_most_40_ms_at_p99,
  → test_a_purge_of_10_000_turns_holds_both_databases_for_at_most_40_ms_at_p99,
  test_rest_follows_the_work_and_the_use
- R7 wrong clocks decide nothing:
  test_clocks_that_are_ten_years_wrong_change_nothing_but_dates
- R8 nothing readable leaves, altered records are refused:
  → test_nothing_readable_leaves_the_machine, test_a_record_that_was_altered_or_truncated_is_refused,
  test_altered_moved_and_restamped_records_are_reported_and_the_rest_goes_on
- R9 no key or no membership, no record:
  test_another_key_writes_nothing_and_reads_nothing, test_another_login_gets_no_rows_and_learns_nothing,
  test_wrong_key_is_refused_before_anything_is_written
- R10 restored and copied files and hubs, holes made by hand:
  test_restored_database_goes_on_as_another_machine, test_hub_restored_from_the_past_gets_everything_again,
  test_verify_finds_and_mends_a_hole_made_by_hand
- R11 programs and hubs of different versions:
  test_records_of_a_newer_version_are_kept_and_read_after_the_upgrade,
  test_a_program_that_knows_no_tags_keeps_them_for_a_later_one,
  test_hub_of_another_version_is_named_and_nothing_is_lost, test_upgrade_keeps_records_rights_and_older_programs
- R12 siblings, open views, live replies, kept conversations:
  test_two_answers_to_one_prompt_are_siblings_in_the_same_order,
  test_answer_from_another_machine_is_reported_and_the_view_stays,
  test_nothing_of_a_live_reply_leaves_before_its_end_but_its_prompt_does,
  test_kept_here_conversations_never_leave
"""
