//! Secrets on their way in: they go into a [`SecretString`] at the first opportunity and into no message.
//!
//! A parser that meets a number where it wants a text says which number it met. For a password that is too much, so
//! secrets are read in a way that only says what kind of value was there.

use secrecy::SecretString;
use serde::de::{Deserialize, Deserializer, Error};

/// Reads a secret without ever repeating it.
pub(super) fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SecretString>, D::Error> {
    match toml::Value::deserialize(from) {
        Ok(toml::Value::String(text)) => Ok(Some(text.into())),
        Ok(other) => {
            Err(D::Error::custom(format!("a secret must be a text in quotes, this is a {}", other.type_str())))
        }
        Err(_) => Err(D::Error::custom("a secret must be a text in quotes")),
    }
}

/// Takes the password out of `scheme://user:password@place`. The last `@` counts: passwords may hold one.
pub(crate) fn take_password(url: &mut String) -> Option<SecretString> {
    let (scheme, rest) = url.split_once("://")?;
    if scheme.eq_ignore_ascii_case("sqlite") {
        return None;
    }
    let (who, place) = rest.rsplit_once('@')?;
    let (user, password) = who.split_once(':')?;
    let password = SecretString::from(unescaped(password));
    *url = format!("{scheme}://{user}@{place}");
    Some(password)
}

/// `%40` is `@`; what is no such escape stays as it is.
pub(crate) fn unescaped(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escape = text.get(at + 1..at + 3).filter(|_| byte == b'%');
        let escaped = escape.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        plain.push(escaped.unwrap_or(byte));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_password_is_taken_out_of_an_address() {
        for (written, password, left) in [
            ("mssql://crm:pa%2Fss@sql/CRM", Some("pa/ss"), "mssql://crm@sql/CRM"),
            ("mssql://crm:p@ss:%w%4@sql\\X/CRM", Some("p@ss:%w%4"), "mssql://crm@sql\\X/CRM"),
            ("mssql://crm@sql/CRM", None, "mssql://crm@sql/CRM"),
            ("mssql://sql:1433/CRM", None, "mssql://sql:1433/CRM"),
            ("sqlite:///a:b@c", None, "sqlite:///a:b@c"),
            ("/a:b@c", None, "/a:b@c"),
        ] {
            let mut url = written.to_owned();
            let taken = take_password(&mut url);
            assert_eq!(taken.as_ref().map(ExposeSecret::expose_secret), password, "{written}");
            assert_eq!(url, left);
        }
    }
}
