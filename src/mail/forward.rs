//! How the mail of an old address gets to the new one.
//!
//! That depends on who takes the mail today, which its domain's mail servers tell, and on what kind of mailbox it is.
//! The vendor's guide says only that the old address must be forwarded; each line here is how that is done at a
//! provider.

use super::mailbox::Server;

/// Providers by the end of their mail servers' names, and how mail is forwarded there.
const PROVIDERS: [(&str, &str); 8] = [
    (
        ".mail.protection.outlook.com",
        "Microsoft 365: Exchange admin centre, the mailbox, mail flow settings, forward to an external address; allow automatic \
         forwarding in the outbound spam policy, which blocks it by default",
    ),
    (
        ".google.com",
        "Google Workspace: admin console, Gmail, routing, recipient address map from the old to the new address",
    ),
    (
        ".googlemail.com",
        "Google Workspace: admin console, Gmail, routing, recipient address map from the old to the new address",
    ),
    (".pphosted.com", "Proofpoint stands in front: set the forwarding at the mail server behind it"),
    (".mimecast.com", "Mimecast stands in front: set the forwarding at the mail server behind it"),
    (".one.com", "one.com: control panel, mail, the address, forwarding"),
    (".domeneshop.no", "Domeneshop: my domains, e-mail, the address, forward to"),
    (".loopia.se", "Loopia: customer zone, e-mail, the address, forward to"),
];

/// How to forward from `old` to `new`, given the mail servers of its domain (`preference host`).
pub fn how(server: Server, public: bool, host: &str, mx: &[String], old: &str, new: &str) -> String {
    if !server.is_mail() {
        return format!("nothing to forward: a mailbox of the kind `{}` is no e-mail address", server.name());
    }
    if server == Server::Mailgun {
        return format!("it is read through Mailgun already: only the address changes, from `{old}` to `{new}`");
    }
    if public {
        return format!(
            "in the settings of the account `{old}`: forward to `{new}`, confirm with the code that arrives there, \
             and keep no copy"
        );
    }
    let names = mx.iter().filter_map(|value| value.split_once(' ')).map(|(_, name)| name);
    let provider = names
        .flat_map(|name| PROVIDERS.iter().filter(move |(end, _)| name.ends_with(end) || name == &end[1..]))
        .map(|(_, how)| *how)
        .next();
    let place = match (provider, host.is_empty()) {
        (Some(how), _) => how.to_owned(),
        (None, false) => format!("at the mail server behind `{host}`"),
        (None, true) => "at the mail server of the domain".to_owned(),
    };
    let left = if server.is_pop() {
        "; POP has taken the mail off the server, so what lies there now is new"
    } else {
        "; what still lies unread in the old mailbox is not forwarded later, so let Service read it first"
    };
    format!("{place}: forward `{old}` to `{new}` and keep no copy{left}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_told_by_the_mail_servers() {
        let how =
            |mx: &str| how(Server::Imaps, false, "mail.a.example", &[mx.to_owned()], "i@a.example", "i@b.example");
        assert!(how("0 a-example.mail.protection.outlook.com").contains("Microsoft 365"));
        assert!(how("1 aspmx.l.google.com").contains("Google"));
        assert!(how("10 mx.a.example").contains("behind `mail.a.example`"));
        assert!(how("10 notgoogle.com").contains("behind `mail.a.example`"));
    }

    #[test]
    fn what_is_no_mail_is_not_forwarded() {
        for (server, part) in [(Server::Sms, "nothing to forward"), (Server::Mailgun, "already")] {
            assert!(how(server, false, "", &[], "a", "b").contains(part));
        }
        assert!(how(Server::Pop, false, "", &[], "a", "b").contains("POP has taken"));
        assert!(how(Server::Imap, true, "", &[], "a@gmail.com", "b").contains("confirm"));
    }
}
