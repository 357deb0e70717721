use super::*;

fn dn(text: &str) -> Dn {
    text.parse().unwrap_or_else(|_| panic!("{text}"))
}

#[test]
fn one_name_in_every_usual_spelling() {
    let name = dn("CN=Cachet serveur,OU=10B0127189,O=Hôpital\\, Nord \"H\",ST=Rhône (69),C=FR");
    for same in [
        "CN=Cachet serveur, OU=10B0127189, O=\"Hôpital, Nord \\\"H\\\"\", ST=Rhône (69), C=FR",
        "CN=Cachet serveur, OU=10B0127189, O=\"Hôpital, Nord \"\"H\"\"\", S=Rhône (69), C=FR",
        "C=FR, ST=Rhône (69), O=H\\C3\\B4pital\\2C Nord \\22H\\22, OU=10B0127189, CN=Cachet serveur",
        "c=fr;st=RHÔNE  (69) ;o=hôpital\\, nord \\\"h\\\";ou=10b0127189;cn= cachet   serveur ",
        "OID.2.5.4.3=Cachet serveur,2.5.4.11=10B0127189,oid.2.5.4.10=Hôpital\\, Nord \\\"H\\\",SP=Rhône (69),C=FR",
        "/C=FR/ST=Rhône (69)/O=Hôpital, Nord \"H\"/OU=10B0127189/CN=Cachet serveur",
    ] {
        assert_eq!(dn(same), name, "{same}");
    }
    assert_eq!(name.organization(), Some("Hôpital, Nord \"H\""));
    assert_eq!(name.organizational_units().collect::<Vec<_>>(), ["10B0127189"]);
}

#[test]
fn hexadecimal_values_are_their_strings() {
    assert_eq!(dn("CN=#0c02c3a9"), dn("CN=é"));
    assert_eq!(dn("CN=#1401e9"), dn("CN=é")); // T61String
    assert_eq!(dn("CN=#1e0200e9"), dn("CN=é")); // BMPString
    assert_eq!(dn("2.5.4.4=#130141+CN=x"), dn("CN=X+SN=a"));
}

#[test]
fn different_names_differ() {
    let name = dn("CN=a,OU=b,O=c");
    for other in [
        "CN=a,O=c,OU=b",
        "CN=a,OU=b",
        "CN=a,OU=b,O=c,C=FR",
        "CN=a+OU=b,O=c",
        "CN=a\\,OU=b,O=c",
        "O=a,OU=b,CN=c",
    ] {
        assert_ne!(dn(other), name, "{other}");
    }
    assert_ne!(dn("CN=a b"), dn("CN=ab"));
    assert_ne!(dn("CN=a\\+OU=b"), dn("CN=a+OU=b"));
}

#[test]
fn what_is_written_reads_back() {
    for text in [
        "CN=a\\,b,O=\\ c\\ ",
        "CN=\\#1,O=x\\=y+OU=z",
        "1.2.3.4=v,DC=fr",
        "E=a@b.c,UID=1",
        "CN=a\\\\b",
        "CN=\\00x",
    ] {
        let name = dn(text);
        assert_eq!(name.to_string(), text);
        assert_eq!(dn(&name.quoted()), name, "{}", name.quoted());
    }
    assert_eq!(dn("CN=a,O=b").quoted(), "CN=a, O=b");
    assert_eq!(dn("CN=a,1.2.3.4=b\\,c").quoted(), "CN=a, OID.1.2.3.4=\"b,c\"");
}

#[test]
fn strings_that_are_no_names() {
    for bad in [
        "CN",
        "CN=a,",
        "=a",
        "XX=a",
        "CN=\"a",
        "CN=\"a\"b",
        "CN=a\\",
        "CN=#",
        "CN=#0",
        "CN=#zz",
        "1..2=a",
        "CN=\\ff",
    ] {
        assert!(bad.parse::<Dn>().is_err(), "{bad}");
    }
    assert!(dn("").is_empty());
}
