//! Who types the command, for the audit trail.

use std::os::unix::fs::MetadataExt as _;

use storage::Acteur;

/// The user whose process this is; with sudo, who asked for it too.
pub(crate) fn acteur() -> Acteur {
    let uid = std::fs::metadata("/proc/self").map(|about| about.uid()).ok();
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = uid.map(|uid| name_of(uid, &passwd).unwrap_or_else(|| format!("uid {uid}")));
    let name = name.or_else(|| std::env::var("USER").ok()).unwrap_or_else(|| "unknown".to_owned());
    Acteur::Operateur {
        compte: match std::env::var("SUDO_USER") {
            Ok(asked) if name == "root" => format!("root, sudo by {asked}"),
            _ => name,
        },
    }
}

fn name_of(uid: u32, passwd: &str) -> Option<String> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _, number) = (fields.next()?, fields.next()?, fields.next()?);
        (number.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_user_is_named_as_the_system_names_them() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\n# broken\nvtpa:x:998:998::/var/lib/vtpa:/sbin/nologin\n";
        assert_eq!(super::name_of(998, passwd).as_deref(), Some("vtpa"));
        assert_eq!(super::name_of(0, passwd).as_deref(), Some("root"));
        assert_eq!(super::name_of(8, passwd), None);
    }
}
