//! Asks each question once.

use super::{Answer, Kind, Resolver};
use futures_util::future::BoxFuture;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

/// The answers to a question, once it has come.
type Place = Arc<OnceCell<Answer>>;

/// A resolver that remembers every answer, failures too: within one run they do not change.
pub struct Cached<R> {
    inner: R,
    /// Whoever asks what is being asked already waits for that answer.
    answers: Mutex<HashMap<(String, Kind), Place>>,
}

impl<R: Resolver> Cached<R> {
    /// Remembers what `inner` answers.
    pub fn new(inner: R) -> Self {
        Self { inner, answers: Mutex::default() }
    }

    /// How many different questions were asked.
    pub fn questions(&self) -> usize {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl<R: Resolver> Resolver for Cached<R> {
    fn ask<'a>(&'a self, name: &'a str, kind: Kind) -> BoxFuture<'a, Answer> {
        let key = (name.trim_end_matches('.').to_ascii_lowercase(), kind);
        let place = Arc::clone(self.answers.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default());
        Box::pin(async move { place.get_or_init(|| self.inner.ask(name, kind)).await.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::dns::zone::Zone;

    #[tokio::test]
    async fn a_question_is_asked_once_in_whatever_case() {
        let cached = Cached::new(Zone::of(&[("a.example", "TXT", "one")]));
        for name in ["a.example", "A.Example.", "a.example"] {
            assert_eq!(cached.ask(name, Kind::Txt).await.unwrap().values, ["one"]);
        }
        assert!(cached.ask("b.example", Kind::Txt).await.is_err() && cached.ask("b.example", Kind::Txt).await.is_err());
        assert_eq!((cached.questions(), cached.inner.asked()), (2, 2));
    }
}
