//! The wizard without a screen: one small actor that knows the guide's steps.
//!
//! A face sends a [`Command`] and gets a [`View`]; it asks a [`Query`] and gets a page; it listens to [`Events`]. That is all
//! that any face can do, so none has a privilege. What a person has decided lies in the ledger: the wizard can be closed
//! anywhere and opened on another face, also by another process, and it goes on.
//!
//! [`step`] has the steps and the journeys, [`command`] what can be asked, [`view`] what is seen, [`event`] what happens.

mod actor;
mod checks;
pub mod command;
mod commands;
mod deciding;
mod draw;
pub mod event;
mod found;
mod front;
mod help;
mod query;
mod rules;
mod state;
pub mod step;
mod texts;
mod upload;
pub mod view;
mod working;

pub use command::{Command, Contact, Places, Query, Recovery, Task};
pub use event::{Event, Events, Numbered};
pub use front::Front;
pub use query::Answer;
pub use step::{Journey, Step};
pub use view::{VERSION, View};
