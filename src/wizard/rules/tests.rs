use super::*;
use crate::onsite::logon::{Proof, Verdict};
use crate::wizard::command::Contact;
use crate::wizard::state::{Checks, LoggedOn};
use proptest::prelude::*;

/// A state in which everything was done that can be.
fn ready(step: Step) -> (State, Known) {
    let logon =
        LoggedOn { user: "LM".into(), associate: 1, person: 1, verdict: Verdict::Proven, proofs: Vec::<Proof>::new() };
    let contact = Contact {
        name: "LM".into(),
        email: "lm@x.no".into(),
        phone: String::new(),
        language: "en".into(),
        mode: Mode::Test,
    };
    let state = State {
        step,
        journey: Some(Journey::Initial),
        logon: Some(logon),
        contact: Some(contact),
        ticks: Task::ALL.into(),
        checks: Some(Checks::default()),
        ..State::default()
    };
    (state, Known { tenant: Some(TenantState::MigrationPending), ..Known::default() })
}

fn taken(state: &State, known: &Known) -> Vec<&'static str> {
    COMMANDS.iter().map(|(name, _)| *name).filter(|name| refusal(state, known, name).is_none()).collect()
}

/// Every step × every command: what is not in a line is refused, with a reason.
#[test]
fn each_step_takes_its_own_commands_and_no_others() {
    let lists =
        ["check", "waive", "unwaive", "assign", "remove-all-plans", "suggest-plans", "name", "import-users", "undo"];
    let checklist = [&["detect"][..], &lists, &["notify", "tick", "upload", "back"]].concat();
    for (step, expected) in [
        (Step::Welcome, vec!["accept", "detect"]),
        (Step::Recovery, vec!["choose", "back"]),
        (Step::Installation, vec!["locate", "detect", "use-installation", "back"]),
        (Step::LogOn, vec!["locate", "detect", "log-on", "go-on", "back"]),
        (Step::Confirm, vec!["confirm", "back"]),
        (Step::Checklist, checklist),
        (Step::Upload, vec!["upload", "limit", "back"]),
        (Step::Complete, vec!["look-again", "start-over"]),
    ] {
        let (state, known) = ready(step);
        assert_eq!(taken(&state, &known), expected, "{step:?}");
        for (name, _) in COMMANDS {
            if let Some(block) = refusal(&state, &known, name) {
                assert!(!block.why.is_empty() && !block.code.is_empty() && block.command == name);
            }
        }
    }
}

#[test]
fn while_an_upload_goes_on_only_it_can_be_spoken_to() {
    for (upload, expected) in [
        (UploadState::Running, vec!["pause", "stop", "limit"]),
        (UploadState::Paused, vec!["resume", "stop", "limit"]),
        (UploadState::Stopping, vec!["stop", "limit"]),
    ] {
        let (state, known) = ready(Step::Upload);
        assert_eq!(taken(&state, &Known { upload, frozen: true, ..known }), expected, "{upload:?}");
    }
}

#[test]
fn work_holds_up_what_it_would_disturb() {
    let (state, known) = ready(Step::Checklist);
    let checking = taken(&state, &Known { busy: Some(Work::Checking), ..known.clone() });
    assert!(checking.contains(&"assign") && checking.contains(&"tick"));
    assert!(!checking.contains(&"check") && !checking.contains(&"upload"));
    assert!(taken(&state, &Known { busy: Some(Work::Looking), ..known }).is_empty());
}

#[test]
fn nothing_is_uploaded_before_everything_is_in_order() {
    let refused = |change: &dyn Fn(&mut State, &mut Known)| {
        let (mut state, mut known) = ready(Step::Checklist);
        change(&mut state, &mut known);
        refusal(&state, &known, "upload").map(|block| block.code)
    };
    assert_eq!(refused(&|_, _| {}), None);
    let live = |state: &mut State| state.contact.as_mut().unwrap().mode = Mode::Live;
    for (code, change) in [
        ("log-on", (&|state: &mut State, _: &mut Known| state.logon = None) as &dyn Fn(&mut State, &mut Known)),
        ("log-on", &|state, _| state.logon.as_mut().unwrap().verdict = Verdict::Denied),
        ("contact", &|state, _| state.contact = None),
        ("checks", &|state, _| state.checks = None),
        ("task", &|state, _| assert!(state.ticks.remove(&Task::Plans))),
        ("task", &|_, known| drop(known.problems.insert(Task::Names, vec!["LM: taken".into()]))),
        ("blocked", &|state, known| {
            live(state);
            known.blockers = vec!["travel.unfinished".into()];
        }),
        ("live", &|_, known| known.tenant = Some(TenantState::Running)),
        ("tenant", &|_, known| known.tenant = None),
        ("installation", &|_, known| known.not_found = Some("gone".into())),
        ("busy", &|_, known| known.busy = Some(Work::Checking)),
    ] {
        assert_eq!(refused(change).as_deref(), Some(code));
    }
    // A rehearsal may go on in spite of blockers: it is for finding out.
    assert_eq!(refused(&|_, known| known.blockers = vec!["x".into()]), None);
    // A recovery of documents needs a log-on and nothing else.
    let missing = |state: &mut State, _: &mut Known| {
        *state = State {
            step: Step::Checklist,
            journey: Some(Journey::Missing),
            logon: state.logon.take(),
            ..State::default()
        };
    };
    assert_eq!(refused(&missing), None);
}

#[test]
fn a_log_on_that_may_not_migrate_leads_nowhere() {
    for (verdict, may) in
        [(Verdict::Proven, true), (Verdict::Allowed, true), (Verdict::Denied, false), (Verdict::WrongPassword, false)]
    {
        let (mut state, known) = ready(Step::LogOn);
        state.logon.as_mut().unwrap().verdict = verdict;
        assert_eq!(refusal(&state, &known, "go-on").is_none(), may, "{verdict:?}");
    }
    let (state, known) = ready(Step::LogOn);
    let block = refusal(&state, &Known { wait: Some(9), ..known }, "log-on").unwrap();
    assert!(block.why.contains("9 seconds"), "{block:?}");
}

fn any_step() -> impl Strategy<Value = Step> {
    proptest::sample::select(Step::ALL.to_vec())
}

proptest! {
    /// Whatever is known, in whatever step: an upload needs a log-on, and a live one no blockers.
    #[test]
    fn the_promises_hold_whatever_is_known(
        step in any_step(),
        journey in proptest::sample::select(vec![None, Some(Journey::Initial), Some(Journey::Missing), Some(Journey::Overwrite)]),
        verdict in proptest::option::of(proptest::sample::select(vec![Verdict::Proven, Verdict::Allowed, Verdict::Denied, Verdict::WrongPassword])),
        mode in proptest::option::of(proptest::sample::select(vec![Mode::Test, Mode::Live])),
        ticks in proptest::collection::btree_set(proptest::sample::select(Task::ALL.to_vec()), 0..4),
        blockers in any::<bool>(),
        checked in any::<bool>(),
        wrong in any::<bool>(),
        busy in proptest::sample::select(vec![None, Some(Work::Checking), Some(Work::Looking)]),
    ) {
        let (mut state, mut known) = ready(step);
        state.journey = journey;
        state.logon = state.logon.zip(verdict).map(|(logon, verdict)| LoggedOn { verdict, ..logon });
        state.contact = state.contact.zip(mode).map(|(contact, mode)| Contact { mode, ..contact });
        state.ticks = ticks;
        state.checks = checked.then(Checks::default);
        known.busy = busy;
        known.blockers = if blockers { vec!["x".into()] } else { vec![] };
        if wrong {
            known.problems.insert(Task::Names, vec!["LM".into()]);
        }
        if refusal(&state, &known, "upload").is_none() {
            prop_assert!(state.logon.as_ref().is_some_and(LoggedOn::admits));
            prop_assert!(known.busy.is_none());
            if journey != Some(Journey::Missing) {
                prop_assert!(state.contact.is_some() && state.checks.is_some() && state.ticks.len() == 3 && !wrong);
                prop_assert!(!(mode == Some(Mode::Live) && blockers));
            }
        }
        for name in taken(&state, &known) {
            let (_, steps) = COMMANDS.iter().find(|(known, _)| *known == name).unwrap();
            prop_assert!(steps.contains(&step));
        }
        let text = serde_json::to_string(&state).unwrap();
        prop_assert_eq!(serde_json::from_str::<State>(&text).unwrap(), state);
    }
}
