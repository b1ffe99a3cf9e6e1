//! Log-in names of associates: folders in the archive are named after them.

use std::collections::HashMap;

/// Names by associate. Bounded by the number of users there ever were, which is thousands, not millions.
#[derive(Debug, Default)]
pub struct Logins {
    now: HashMap<i64, String>,
    former: HashMap<i64, Vec<String>>,
}

impl Logins {
    /// Enters the name that an associate has.
    pub fn add(&mut self, associate: i64, name: String) {
        self.now.insert(associate, name);
    }

    /// Enters a name that an associate had.
    pub fn add_former(&mut self, associate: i64, name: String) {
        let names = self.former.entry(associate).or_default();
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }

    /// The name that an associate has; `None` if there is no such associate.
    #[must_use]
    pub fn current(&self, associate: i64) -> Option<&str> {
        self.now.get(&associate).map(String::as_str)
    }

    /// The names that an associate had before.
    pub fn former(&self, associate: i64) -> impl Iterator<Item = &str> {
        self.former.get(&associate).into_iter().flatten().map(String::as_str)
    }
}
