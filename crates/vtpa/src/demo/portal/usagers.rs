//! The portal's three fictitious users, and a plausible person that each may create a dossier for.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;

/// A user who is signed in at the portal.
#[derive(Debug)]
pub(super) struct Usager {
    /// The partner's identifier of its user.
    pub(super) id_local: &'static str,
    pub(super) nom: &'static str,
    pub(super) role: &'static str,
    /// Values of the form's fields, in their order.
    pub(super) exemple: &'static [&'static str],
}

/// Who one can be.
pub(super) const USAGERS: [Usager; 3] = [
    Usager {
        id_local: "usager-1",
        nom: "Claire Delorme",
        role: "fille de Marguerite",
        exemple: &[
            "MME",
            "Marguerite",
            "Vernoux",
            "Chastaing",
            "1937-05-14",
            "237056912300182",
            "12",
            "R",
            "des Glycines",
            "01000",
            "01053",
            "marguerite.vernoux@exemple.fr",
            "04 74 00 00 12",
            "false",
            "Claire",
            "Delorme",
            "06 00 00 00 13",
            "claire.delorme@exemple.fr",
            "0",
        ],
    },
    Usager {
        id_local: "usager-2",
        nom: "Lucien Bérard",
        role: "pour lui-même",
        exemple: &[
            "M",
            "Lucien",
            "",
            "Bérard",
            "1934-05-02",
            "",
            "3",
            "ALL",
            "des Lavandes",
            "26000",
            "26362",
            "lucien.berard@exemple.fr",
            "04 75 00 00 21",
            "true",
            "Anne",
            "Bérard",
            "06 00 00 00 22",
            "",
            "1",
        ],
    },
    Usager {
        id_local: "usager-3",
        nom: "Samira Haddad",
        role: "assistante sociale du département",
        exemple: &[
            "MME",
            "Yvonne",
            "Ponchardier",
            "L’Hôte",
            "1942-03-30",
            "",
            "27",
            "AV",
            "des Cimes",
            "38000",
            "38185",
            "yvonne.ponchardier@exemple.fr",
            "04 76 00 00 31",
            "true",
            "Georges",
            "Ponchardier",
            "06 00 00 00 32",
            "",
            "1",
        ],
    },
];

/// The cookie that says who.
pub(super) const COOKIE_USAGER: &str = "usager";

impl Usager {
    /// Of this IdLocal.
    pub(super) fn find(id_local: &str) -> Option<&'static Self> {
        USAGERS.iter().find(|usager| usager.id_local == id_local)
    }

    /// Whom the browser chose, else the first.
    pub(super) fn of(headers: &HeaderMap) -> &'static Self {
        let cookies = headers.get_all(COOKIE).iter().filter_map(|header| header.to_str().ok());
        let chosen = cookies
            .flat_map(|header| header.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, _)| *name == COOKIE_USAGER)
            .and_then(|(_, id_local)| Self::find(id_local));
        let [first, ..] = &USAGERS;
        chosen.unwrap_or(first)
    }
}
