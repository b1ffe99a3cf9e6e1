//! The steps of the guide, and the two journeys through them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a person is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// What will happen, and that it is accepted.
    #[default]
    Welcome,
    /// Only in a recovery: what is wanted.
    Recovery,
    /// Where database and files are.
    Installation,
    /// A local administrator shows who they are.
    LogOn,
    /// Who migrates, and whether it is a test.
    Confirm,
    /// Checks, user plans, user names, notifications.
    Checklist,
    /// Everything is sent.
    Upload,
    /// It is done: what arrived, what did not, what is to be done next.
    Complete,
}

impl Step {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Welcome,
        Self::Recovery,
        Self::Installation,
        Self::LogOn,
        Self::Confirm,
        Self::Checklist,
        Self::Upload,
        Self::Complete,
    ];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Welcome => "welcome",
            Self::Recovery => "recovery",
            Self::Installation => "installation",
            Self::LogOn => "log-on",
            Self::Confirm => "confirm",
            Self::Checklist => "checklist",
            Self::Upload => "upload",
            Self::Complete => "complete",
        }
    }
}

/// Which way a person goes. The front actor finds out by itself: the tenant knows whether it holds something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Journey {
    /// Nothing was migrated yet.
    Initial,
    /// The tenant holds a migration already, and what is missing or has changed is brought.
    Missing,
    /// The tenant holds a test migration, which is replaced.
    Overwrite,
}

impl Journey {
    /// The steps of this journey, in their order.
    #[must_use]
    pub fn steps(self) -> &'static [Step] {
        match self {
            Self::Initial => &[
                Step::Welcome,
                Step::Installation,
                Step::LogOn,
                Step::Confirm,
                Step::Checklist,
                Step::Upload,
                Step::Complete,
            ],
            Self::Missing => &[Step::Welcome, Step::Recovery, Step::LogOn, Step::Upload, Step::Complete],
            // People may decide anew: the database is carried over once more.
            Self::Overwrite => &[
                Step::Welcome,
                Step::Recovery,
                Step::LogOn,
                Step::Confirm,
                Step::Checklist,
                Step::Upload,
                Step::Complete,
            ],
        }
    }

    /// The step after `step`; nothing after the last, or if this journey does not have it.
    #[must_use]
    pub fn after(self, step: Step) -> Option<Step> {
        let steps = self.steps();
        steps.iter().position(|one| *one == step).and_then(|at| steps.get(at + 1)).copied()
    }

    /// The step before `step`.
    #[must_use]
    pub fn before(self, step: Step) -> Option<Step> {
        let steps = self.steps();
        steps.iter().position(|one| *one == step).and_then(|at| at.checked_sub(1)).map(|at| steps[at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_journey_goes_from_welcome_to_complete_and_back() {
        for journey in [Journey::Initial, Journey::Missing, Journey::Overwrite] {
            let mut at = Step::Welcome;
            let mut way = vec![at];
            while let Some(next) = journey.after(at) {
                assert_eq!(journey.before(next), Some(at));
                at = next;
                way.push(at);
            }
            assert_eq!(way, journey.steps());
            assert_eq!(at, Step::Complete);
        }
        assert_eq!(Journey::Missing.after(Step::Confirm), None);
    }
}
