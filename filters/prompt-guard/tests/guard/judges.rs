//! The external judge.

use crate::story::{CHAT, says};
use penstock_fake_envoy::{Judged, Options, Story};
use penstock_filter_api::Reply;
use penstock_prompt_guard::MODULE;
use std::cell::RefCell;
use std::rc::Rc;

/// A proxy whose judge answers this, and what it was asked.
fn given(config: &str, status: u16, body: &'static str) -> (Story, Rc<RefCell<Vec<String>>>) {
    let asked = Rc::new(RefCell::new(Vec::new()));
    let book = Rc::clone(&asked);
    let options = Options {
        judge: Box::new(move |callout| {
            book.borrow_mut()
                .push(String::from_utf8_lossy(&callout.body).into_owned());
            Judged {
                after_ms: 5,
                reply: Reply {
                    status,
                    body: body.as_bytes().to_vec(),
                },
            }
        }),
        ..Options::default()
    };
    let document = format!(
        r#"{{"prompt_guard": {{"on_failure": "open", "threshold": 99, "judge": {{"cluster": "judge", "from": 0, {config}}}}}}}"#
    );
    (Story::in_proxy(options, &document, &[MODULE]).unwrap(), asked)
}

fn asked(story: Story) -> Story {
    let mut story = story.asks(CHAT, &says("write to ana@corp.test, please"));
    assert!(story.envoy.waits(story.stream) && !story.has_left());
    story.envoy.pass(10);
    story
}

#[test]
fn an_unsafe_text_is_refused_and_a_safe_one_passes() {
    let (story, questions) = given(r#""raw": true"#, 200, r#"{"results": [{"flagged": true}]}"#);
    let story = asked(story);
    assert_eq!(story.refusal().1, "prompt_guard");
    assert_eq!(
        questions.borrow().as_slice(),
        [r#"{"input":"write to ana@corp.test, please"}"#]
    );
    assert_eq!(
        story.count("penstock_guard_judge_asked_total", &[("text", "raw")]),
        1
    );
    let (story, _) = given(r#""raw": true"#, 200, r#"{"results": [{"flagged": false}]}"#);
    let story = asked(story);
    assert!(story.has_left());
}

#[test]
fn a_judge_that_fails_is_passed_over_or_refuses() {
    let (story, _) = given(r#""raw": true"#, 500, "");
    assert!(asked(story).has_left());
    let (story, _) = given(r#""raw": true, "on_failure": "closed""#, 500, "");
    let story = asked(story);
    assert_eq!(story.refusal(), ("503".to_owned(), "callout".to_owned()));
}

#[cfg(feature = "mask")]
#[test]
fn it_reads_what_the_redactor_would_send() {
    let (story, questions) = given(r#""raw": false"#, 200, r#"{"results": [{"flagged": false}]}"#);
    let mut story = asked(story);
    assert!(story.has_left());
    assert_eq!(
        questions.borrow().as_slice(),
        [r#"{"input":"write to [EMAIL_ADDRESS], please"}"#]
    );
    story.envoy.upstream_resets(story.stream);
    assert_eq!(
        story.count("penstock_guard_judge_asked_total", &[("text", "masked")]),
        1
    );
}

#[cfg(not(feature = "mask"))]
#[test]
fn a_module_that_cannot_mask_says_so() {
    let error = (MODULE.load)(r#"{"judge": {"cluster": "judge"}}"#).err().unwrap();
    assert_eq!(error.path, "judge.raw");
}
