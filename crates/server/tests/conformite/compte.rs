//! How many rows each test asks. A table that is generated wrongly must not pass by being short, and the document that
//! partners and auditors read (`docs/conformite.md`) must not tell more than is asked.

/// Theme as the document calls it, test, rows.
const ROWS: &[(&str, &str, usize)] = &[
    ("Champs", "demandeur", 1291),
    ("Champs", "creation_dossier_request", 434),
    ("Ordre des codes", "of_two_faults_the_earlier_in_the_order_is_told", 66),
    ("Ordre des codes", "all_faults_at_once_are_told_one_code_at_a_time", 12),
    ("Ordre des codes", "every_field_of_the_code_is_named_in_the_document_s_order", 9),
    ("Formats et nomenclatures", "num_secu", 23),
    ("Formats et nomenclatures", "date_naissance", 17),
    ("Formats et nomenclatures", "mail", 11),
    ("Formats et nomenclatures", "telephone", 11),
    ("Formats et nomenclatures", "civilite", 9),
    ("Formats et nomenclatures", "type_voie", 16),
    ("Formats et nomenclatures", "code_postal", 12),
    ("Formats et nomenclatures", "a_code_its_oid_and_its_label", 45),
    ("Formats et nomenclatures", "no_agreement_between_fields_is_demanded", 12),
    ("Formats et nomenclatures", "an_imported_table_is_what_creations_are_checked_against", 11),
    ("Formats et nomenclatures", "the_day_of_birth_ends_with_the_day_in_paris", 6),
    ("Limites", "how_many_of_each", 10),
    ("Limites", "a_dossier_begins_with_forty_demandes_at_most", 13),
    ("Limites", "a_hundred_dossiers_of_forty_demandes_cost_as_many_statements_as_one", 106),
    ("Limites", "a_message_is_as_large_as_the_server_allows_and_no_larger", 1),
    ("Consultation et jeton", "a_token_is_asked_for_by_both_numbers", 43),
    ("Consultation et jeton", "a_consultation_answers_each_entry_with_its_own_code", 39),
    ("Consultation et jeton", "an_error_of_the_whole_call_is_one_element_without_a_number", 11),
    ("Consultation et jeton", "entries_are_answered_in_their_order_repetitions_included", 3),
    ("Consultation et jeton", "another_application_s_dossier_is_110_and_shows_nothing", 11),
    ("Ce qui est gardé", "what_was_sent_is_what_is_stored_and_shown", 64),
    ("Ce qui est gardé", "what_the_signature_does_not_tell_apart_is_read_alike", 12),
    ("Ce qui est gardé", "a_minimal_dossier_shows_nothing_that_was_not_sent", 2),
    ("Cycle de vie", "every_event_in_every_state", 110),
    ("Cycle de vie", "a_dossier_and_its_demande_in_every_state", 60),
    ("Cycle de vie", "the_demande_furthest_on_is_the_dossier_s_state", 200),
    ("Cycle de vie", "a_motive_and_a_remark_are_shown_with_their_table_s_words", 11),
    ("Droits et options", "who_may_what", 16),
    ("Droits et options", "a_removed_application_s_namesake_is_another", 7),
    ("Droits et options", "creer_dossier_switched_off_is_020_for_whoever_may", 16),
    ("Droits et options", "consulter_dossier_switched_off_is_020_for_whoever_may", 16),
    ("Droits et options", "generer_jeton_switched_off_is_020_for_whoever_may", 16),
    ("Droits et options", "establishments_that_are_taken_become_demandes_and_unknown_ones_are_431", 4),
    ("Droits et options", "establishments_that_are_known_become_demandes", 11),
    ("Droits et options", "establishments_that_are_not_taken_are_read_and_left", 6),
    ("Droits et options", "a_fault_of_the_database_is_000_with_the_log_s_number", 2),
];

/// The rows of a test.
pub(crate) fn rows_of(test: &str) -> usize {
    ROWS.iter().find(|(_, name, _)| *name == test).unwrap_or_else(|| panic!("{test} is not in the table")).2
}

#[test]
fn the_document_tells_these_numbers_and_these_tests() {
    let document = include_str!("../../../../docs/conformite.md");
    let mut themes: Vec<&str> = ROWS.iter().map(|(theme, ..)| *theme).collect();
    themes.dedup();
    for theme in themes {
        let of_it = || ROWS.iter().filter(|(of, ..)| *of == theme);
        let rows = french(of_it().map(|(.., rows)| rows).sum());
        let start = format!("| {theme} | {rows} |");
        let line = document.lines().find(|line| line.starts_with(&start));
        let line = line.unwrap_or_else(|| panic!("docs/conformite.md has no line {start}"));
        for (_, test, _) in of_it() {
            assert!(line.contains(&format!("`{test}`")), "docs/conformite.md, {theme}: {test}");
        }
    }
    let total = french(ROWS.iter().map(|(.., rows)| rows).sum());
    assert!(document.contains(&format!("| **total** | **{total}** |")), "docs/conformite.md: {total} in all");
}

/// 1 725, with the space that does not break.
fn french(number: usize) -> String {
    match number {
        0..1000 => number.to_string(),
        _ => format!("{}\u{a0}{:03}", number / 1000, number % 1000),
    }
}
