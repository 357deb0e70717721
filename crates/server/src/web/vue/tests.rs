//! The dossier page rendered in its states.

use dossier::volet::Reponses;
use dossier::{
    Adresse, Contact, Demandeur, Etablissement, IdDossier, Nomenclature, Prive, StatutDemande as S,
    TypeHebergement, UrgenceDemande,
};
use jiff::Timestamp;

use super::*;
use crate::web::fichiers::{style_length, style_path};
use crate::web::retour::Retour;

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn nomenclature(code: &str, label: &str) -> Nomenclature {
    Nomenclature { code: code.to_owned(), display_name: Some(label.to_owned()), ..Nomenclature::default() }
}

fn adresse(libelle: &str) -> Adresse {
    Adresse {
        numero_voie: "12".into(),
        type_voie: "R".to_owned(),
        libelle_voie: libelle.into(),
        code_postal: nomenclature("01000", "01000"),
        localite: nomenclature("01053", "Bourg-en-Bresse"),
    }
}

fn marguerite() -> Demandeur {
    let paul = Contact {
        adresse: None,
        nom_naissance: "Vernoux".into(),
        nom_usuel: None,
        prenom: Some("Paul".into()),
        mail: Some("paul.vernoux@exemple.fr".into()),
        telephone_fixe: None,
        telephone_portable: Some("06 00 00 00 13".into()),
        r#type: vec![nomenclature("0", "Personne de confiance désignée par le demandeur")],
    };
    Demandeur {
        civilite: nomenclature("MME", "Madame"),
        nom_naissance: "Chastaing".into(),
        nom_usuel: Some("Vernoux".into()),
        prenom: "Marguerite".into(),
        autre_prenoms: None,
        date_naissance: jiff::civil::date(1937, 5, 14),
        adresse: adresse("des Glycines"),
        mail: Some("marguerite.vernoux@exemple.fr".into()),
        telephone_fixe: Some("04 74 00 00 12".into()),
        telephone_portable: None,
        pays_naissance: None,
        ville_naissance: Some(nomenclature("01053", "Bourg-en-Bresse")),
        num_secu: Some("237050105300113".into()),
        contacteur_demandeur: Some(true),
        contacts: vec![paul],
        autres_donnees: None,
    }
}

fn demande(id: i64, nom: &str, statut: S) -> StoredDemande {
    StoredDemande {
        id,
        etablissement: Etablissement {
            num_finiss: format!("01099001{id}"),
            raison_sociale: Some(nom.to_owned()),
            adresse: Some(adresse("du Parc")),
            telephone: Some("04 74 00 00 01".to_owned()),
            donnees_autres: None,
        },
        statut,
        annulee: statut == S::Annulee,
        lue: matches!(statut, S::ListeAttente | S::AdmissionProposee),
        lue_le: (statut.valeur() >= 3).then(|| instant("2027-02-03T09:00:00Z")),
        motif: None,
        remarque: None,
        hebergement: TypeHebergement::Permanent,
        urgence: UrgenceDemande::SixMois,
        statut_le: instant("2027-03-03T09:00:00Z"),
        cree_le: instant("2027-01-28T09:00:00Z"),
    }
}

fn dossier(demandes: Vec<StoredDemande>) -> StoredDossier {
    StoredDossier {
        id: IdDossier::parse("1234567890128").unwrap(),
        demandeur: marguerite(),
        annule: false,
        volet_admin: true,
        volet_medical: false,
        volet_autonomie: true,
        cree_le: instant("2027-01-27T09:00:00Z"),
        modifie_le: instant("2027-01-28T09:00:00Z"),
        demandes,
    }
}

fn portail() -> Option<Retour> {
    Some(Retour { nom: "portail-demo".to_owned(), url: "http://127.0.0.1:8080/".to_owned() })
}

fn render(dossier: StoredDossier) -> String {
    render_with(dossier, &HashMap::new())
}

fn render_with(dossier: StoredDossier, volets: &HashMap<Volet, StoredVolet>) -> String {
    let cadre = Cadre {
        retour: portail(),
        duree: crate::web::duree::Duree {
            quoi: "le dossier",
            adresse: "/rester",
            jeton: "jeton".to_owned(),
            fin: "11 h 35".to_owned(),
            absolue: "7 h 05, le 12 juillet 2026".to_owned(),
            derniere: false,
        },
        jour: "3 mars 2027".to_owned(),
        jeton: "jeton".to_owned(),
        personne: "Marguerite Vernoux".to_owned(),
        style: style_path(),
    };
    let html = PageDossier::new(cadre, dossier, volets, None).render().unwrap();
    let html = html.replace(style_path(), "/style.css");
    let name = std::thread::current().name().unwrap_or("page").replace("::", "-");
    assert_sound(&name, &html);
    html
}

/// What must hold of every page. `VTPA_PAGES=DIR` keeps it, to look at.
pub(in crate::web) fn assert_sound(name: &str, html: &str) {
    if let Some(directory) = std::env::var_os("VTPA_PAGES").map(std::path::PathBuf::from) {
        let here = html.replace("/style.css", "style.css").replace("/icone.svg", "icone.svg");
        std::fs::write(directory.join(format!("{}.html", name.replace('/', "-"))), here).unwrap();
        std::fs::write(directory.join("style.css"), include_str!("../../../templates/style.css")).unwrap();
        std::fs::write(directory.join("icone.svg"), include_str!("../../../templates/icone.svg")).unwrap();
    }
    // elements nest; no script, style or handler stands in the page
    let mut open = Vec::new();
    for tag in html.split('<').skip(1).map(|tag| tag.split_once('>').unwrap().0) {
        let element = tag.split([' ', '\n']).next().unwrap();
        let inline = [" on", " style=", "javascript:"].iter().any(|inline| tag.contains(inline));
        assert!(!inline && !matches!(element, "script" | "style"), "{name}: <{tag}>");
        match element.strip_prefix('/') {
            Some(closed) => assert_eq!(open.pop(), Some(closed), "{name}: </{closed}>"),
            None if matches!(element, "!doctype" | "meta" | "link" | "img" | "input") => {}
            None => open.push(element),
        }
    }
    assert!(open.is_empty(), "{name}: {open:?}");
    let mut ids: Vec<&str> =
        html.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "{name}: an id stands twice");
    assert_eq!(html.matches("<h1").count(), 1, "{name}");
    assert!(html.matches("class=\"bouton\"").count() <= 1, "{name}: one primary action a page");
    assert!(html.contains("href=\"#contenu\"") && html.contains("<html lang=\"fr\">"), "{name}");
}

fn three() -> StoredDossier {
    dossier(vec![
        demande(1, "EHPAD Les Glycines", S::AdmissionProposee),
        demande(2, "Résidence autonomie Le Clos des Tisserands", S::ListeAttente),
        demande(3, "Résidence du Lac", S::Refusee),
    ])
}

#[test]
fn new_dossier() {
    insta::assert_snapshot!(render(dossier(Vec::new())));
}

#[test]
fn three_answers() {
    insta::assert_snapshot!(render(three()));
}

#[test]
fn cancelled() {
    let mut cancelled = dossier(vec![demande(1, "EHPAD Les Glycines", S::Annulee)]);
    cancelled.annule = true;
    cancelled.demandeur.contacts.clear();
    insta::assert_snapshot!(render(cancelled));
}

/// What was begun says how much is missing; what the operator marked is filled in whatever was answered here.
#[test]
fn parts_say_what_is_missing_and_what_comes_next() {
    let mut reponses = Reponses::default();
    reponses.poser("rempli-par", Some("traitant".into()));
    let begun = StoredVolet { reponses, complet: false, revision: 1 };
    let volets = HashMap::from([(Volet::Medical, begun.clone()), (Volet::Admin, begun)]);
    let html = render_with(dossier(Vec::new()), &volets);
    assert_eq!(html.matches("Il reste 5 pages").count(), 1);
    assert!(html.contains(r#"<a class="bouton" href="/dossier/medical">Continuer la partie médicale</a>"#));
    assert!(html.contains(r#"data-champ="EstRenseigneVoletAdmin" value="true""#));
}

/// The one thing to do now, by what there is.
#[test]
fn the_next_action_follows_the_state() {
    let whole = |demandes: Vec<StoredDemande>| StoredDossier { volet_medical: true, ..dossier(demandes) };
    for (dossier, action) in [
        (dossier(Vec::new()), Some("/dossier/medical")),
        (dossier(vec![demande(1, "A", S::NonEnvoyee)]), Some("/dossier/medical")),
        (dossier(vec![demande(1, "A", S::AdmissionProposee)]), Some("/dossier/demandes/1/reponse")),
        (whole(Vec::new()), Some("/dossier/etablissements")),
        (whole(vec![demande(1, "A", S::NonEnvoyee), demande(2, "B", S::Recue)]), Some("/dossier/envoyer")),
        (whole(vec![demande(1, "A", S::Refusee)]), Some("/dossier/etablissements")),
        (whole(vec![demande(1, "A", S::Refusee), demande(2, "B", S::Envoyee)]), None),
        (whole(vec![demande(1, "A", S::AdmissionEffectuee)]), None),
        (StoredDossier { annule: true, ..dossier(vec![demande(1, "A", S::Annulee)]) }, None),
    ] {
        let html = render(dossier);
        let found = html.split("class=\"bouton\" href=\"").nth(1).map(|rest| rest.split('"').next().unwrap());
        assert_eq!(found, action);
    }
}

/// The contract's values, whatever words the page says them in.
#[test]
fn every_state_is_told_in_the_contract_s_code() {
    for statut in S::TOUS {
        let html = render(dossier(vec![demande(1, "EHPAD", *statut)]));
        let code = statut.code();
        for champ in ["StatutDossier", "StatutDemande"] {
            let element = format!(r#"data-champ="{champ}" value="{code}">{code}</data>"#);
            assert_eq!(html.matches(&element).count(), 1, "{element}");
        }
        assert!(html.contains(r#"data-demande="1""#));
    }
}

#[test]
fn the_number_reads_as_one_to_machines() {
    let html = render(dossier(Vec::new()));
    let start = html.find(r#"data-champ="IdDossier">"#).unwrap() + r#"data-champ="IdDossier">"#.len();
    let inside = &html[start..start + html[start..].find("</strong>").unwrap()];
    let mut text = String::new();
    let mut tag = false;
    for c in inside.chars() {
        match c {
            '<' => tag = true,
            '>' => tag = false,
            _ if tag => {}
            c => text.push(c),
        }
    }
    assert_eq!(text, "1234567890128");
}

#[test]
fn hostile_text_is_text() {
    const HOSTILE: &str = "\"><script>alert(1)</script>{{7*7}}'\u{202e}nom\u{1f9d3}&amp;";
    const SHOWN: &str =
        "&#34;&#62;&#60;script&#62;alert(1)&#60;/script&#62;{{7*7}}&#39;\u{202e}nom\u{1f9d3}&#38;amp;";
    let mut dossier = three();
    let hostile = || Prive::from(HOSTILE);
    let person = &mut dossier.demandeur;
    (person.prenom, person.nom_usuel, person.nom_naissance) = (hostile(), Some(hostile()), hostile());
    (person.mail, person.telephone_fixe, person.autre_prenoms) =
        (Some(hostile()), Some(hostile()), Some(hostile()));
    person.adresse = adresse(HOSTILE);
    person.adresse.type_voie = HOSTILE.to_owned();
    person.contacts[0].prenom = Some(hostile());
    person.contacts[0].r#type = vec![nomenclature(HOSTILE, HOSTILE)];
    dossier.demandes[0].etablissement.raison_sociale = Some(HOSTILE.to_owned());
    dossier.demandes[0].etablissement.telephone = Some(HOSTILE.to_owned());
    let html = render(dossier);
    assert!(!html.contains("<script"), "markup of a field came out as markup");
    assert!(html.matches(SHOWN).count() > 15, "{}", html.matches(SHOWN).count());
}

/// With forty demandes and fifty contacts, the first page shows of each group what there is place for, and says how many
/// there are; what waits for the family stands first.
#[test]
fn a_page_with_its_style_is_light() {
    let forty = |statut: fn(i64) -> S| {
        // twice as long as FINESS has them
        let name = "Établissement d’hébergement pour personnes âgées dépendantes ".repeat(2);
        let demandes = (1..=40).map(|id| demande(id, &name, statut(id)));
        let mut whole = dossier(demandes.collect());
        whole.demandeur.contacts = vec![whole.demandeur.contacts[0].clone(); 50];
        whole
    };
    let all: fn(i64) -> S = |id| S::TOUS[usize::try_from(id).unwrap() % S::TOUS.len()];
    for (statut, shown) in [
        (all, 8),
        (|_| S::AdmissionProposee, 4),
        (|_| S::NonEnvoyee, 4),
        (|_| S::ListeAttente, 3),
        (|_| S::Refusee, 1),
    ] {
        let html = render(forty(statut));
        let weight = html.len() + style_length();
        assert!(weight <= 30_000, "{weight} bytes");
        assert_eq!(html.matches("data-demande=").count(), shown);
        assert!(html.contains("Les 40 demandes aux établissements"), "{html}");
    }
    let html = render(forty(all));
    let order: Vec<_> =
        html.split("class=\"groupe-titre\" id=\"").skip(1).map(|rest| rest.split('"').next()).collect();
    assert_eq!(order, [Some("a-vous"), Some("en-cours"), Some("terminees")]);
    for link in ["groupe=a-vous\">Voir les 8 demandes", "groupe=en-cours\">Voir les 16 demandes"] {
        assert!(html.contains(link), "{link}");
    }
    assert!(html.contains("Voir les 50 proches"));
    // three are all there
    assert_eq!(render(three()).matches("data-demande=").count(), 3);
}
